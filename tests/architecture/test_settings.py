"""The settings are told twice more, in .env.example and in the README; both must say what the code says."""

from tests.architecture.settings_docs import ENV_EXAMPLE, README, env_example, with_table

CURE = "run `make settings`"


def test_env_example_lists_every_setting() -> None:
    assert ENV_EXAMPLE.read_text(encoding="utf-8") == env_example(), CURE


def test_readme_lists_every_setting() -> None:
    readme = README.read_text(encoding="utf-8")

    assert with_table(readme) == readme, CURE
