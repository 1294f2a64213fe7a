"""The figures of `make bench`: ours against a hand-written floor, interleaved in one run, medians of ratios."""
