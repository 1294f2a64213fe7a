"""The settings as text: .env.example and the table in the README. `make settings` writes both; a test compares them."""

from pathlib import Path

from imageroute_app.settings import ROOT, described_settings

BEGIN, END = "<!-- settings:begin -->", "<!-- settings:end -->"
ENV_EXAMPLE = ROOT / ".env.example"
README = ROOT / "README.md"


def settings_table() -> str:
    """Return the README's table of settings."""
    rows = [f"| `{name}` | {default or '(empty)'} | {meaning} |" for name, default, meaning in described_settings()]
    return "\n".join(["| setting | default | meaning |", "| --- | --- | --- |", *rows])


def env_example() -> str:
    """Return the text of .env.example."""
    entries = [f"# {meaning}\n#{name}={default}\n" for name, default, meaning in described_settings()]
    return "# Copy to .env and uncomment what you change; the environment wins over the file.\n\n" + "\n".join(entries)


def with_table(readme: str) -> str:
    """Return the README with the present table between its marks."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{settings_table()}\n{END}{after}"


def write(path: Path, text: str) -> None:
    """Write the text if it differs."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(ENV_EXAMPLE, env_example())
    write(README, with_table(README.read_text(encoding="utf-8")))
