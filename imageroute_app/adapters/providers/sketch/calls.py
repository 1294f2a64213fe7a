"""What the server asks a worker to draw.

The engine is imported inside, in the worker: the server's own process never loads it (about 20 MB with numpy and Pillow).
"""

from typing import Any


def render(prompt: str, **shape: Any) -> bytes:
    """Draw a picture; the arguments are the engine's."""
    from imageroute_app.adapters.providers.sketch import engine

    return engine.render(prompt, **shape)


def preview(prompt: str, **shape: Any) -> bytes:
    """Draw a small one."""
    from imageroute_app.adapters.providers.sketch import engine

    return engine.preview(prompt, **shape)


def redraw(source: bytes, prompt: str, **shape: Any) -> bytes:
    """Change a picture toward a prompt."""
    from imageroute_app.adapters.providers.sketch import engine

    return engine.redraw(source, prompt, **shape)


def transform(source: bytes, task: str, **shape: Any) -> bytes:
    """Change a picture without drawing: extend, upscale, cut out."""
    from imageroute_app.adapters.providers.sketch import engine

    return engine.transform(source, task, **shape)
