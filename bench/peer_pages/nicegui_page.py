"""The gallery page in NiceGUI: `python nicegui_page.py PORT FOLDER`, in NiceGUI's own environment."""

import sys
from itertools import count
from pathlib import Path

from nicegui import app, ui

port, folder = int(sys.argv[1]), Path(sys.argv[2])
thumbnails = sorted(folder.glob("*.webp"), key=lambda path: int(path.stem))
presses = count(1)
app.add_static_files("/thumbs", str(folder), max_cache_age=31_536_000)


@ui.page("/")
def gallery() -> None:
    """Draw the page of one person."""
    ui.input("Prompt")
    said = ui.label("nothing yet")
    ui.button("Generate", on_click=lambda: said.set_text(f"answer {next(presses)}"))
    with ui.row():
        for path in thumbnails:
            ui.image(f"/thumbs/{path.name}").classes("w-60")


ui.run(host="127.0.0.1", port=port, reload=False, show=False, title="Gallery")
