"""Reading our own sources as syntax trees."""

import ast
import gc


def parsed(text: str) -> ast.Module:
    """Return the syntax tree of a module.

    CPython 3.11 loses count of its depth when finalizers run while it builds the tree (python/cpython#106905).
    """
    gc.disable()
    try:
        return ast.parse(text)
    finally:
        gc.enable()
