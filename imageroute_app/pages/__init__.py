"""One page function per file: the shell and a few components."""
