"""No key of a company, no private key and no password of a server lies in the repository."""

import re
import subprocess

import pytest

from imageroute_app.settings import ROOT

SHAPES = {
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "a key of AWS": r"\bAKIA[0-9A-Z]{16}\b",
    "a key of Stripe's or Clerk's kind": r"\bsk_(?:live|test)_[0-9A-Za-z]{16,}",
    "a key of OpenAI's kind": r"\bsk-[0-9A-Za-z_-]{20,}",
    "a token of GitHub": r"\bgh[pousr]_[0-9A-Za-z]{30,}|\bgithub_pat_[0-9A-Za-z_]{30,}",
    "a token of Slack": r"\bxox[abprs]-[0-9A-Za-z-]{10,}",
    "a key of Google": r"\bAIza[0-9A-Za-z_-]{35}",
    "a token of Replicate or Hugging Face": r"\b(?:r8|hf)_[0-9A-Za-z]{30,}",
    "a secret for webhooks": r"\bwhsec_[0-9A-Za-z+/]{24,}",
    "an address with a password": r"\b(?:mongodb(?:\+srv)?|rediss?|smtps?|cloudinary|postgres)://[^\s:/@\"'{}]+:[^\s@\"'{}]{6,}@(?!127\.0\.0\.1|[\w.]*\bexample\b|db\b|mail\b)",
}
MADE_UP = {
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw": "the example of the Standard Webhooks text",
}


@pytest.mark.promise("P34")
@pytest.mark.parametrize("kind", SHAPES)
def test_no_secret_lies_in_the_repository(kind: str) -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    found = []
    for name in listed.decode().split("\0"):
        path = ROOT / name
        if not name or not path.is_file() or path.is_symlink():
            continue
        text = path.read_bytes().decode("utf-8", errors="ignore")
        found += [(name, match[0][:12]) for match in re.finditer(SHAPES[kind], text) if match[0] not in MADE_UP]
    assert found == []


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("a private key", "-----BEGIN " + "EC PRIVATE KEY-----"),
        ("a key of OpenAI's kind", "sk-" + "a" * 24),
        ("an address with a password", "mongodb+srv://ann:" + "hunter22@cluster"),
        ("a secret for webhooks", "whsec_" + "A" * 30),
    ],
)
def test_the_shapes_find_what_they_are_for(kind: str, text: str) -> None:
    assert re.search(SHAPES[kind], text)
