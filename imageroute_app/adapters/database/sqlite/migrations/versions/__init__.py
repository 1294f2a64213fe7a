"""One file a step: rev_<number>.py."""
