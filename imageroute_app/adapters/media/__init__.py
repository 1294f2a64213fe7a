"""Where picture bytes lie."""
