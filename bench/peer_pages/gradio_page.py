"""The gallery page in Gradio: `python gradio_page.py PORT FOLDER`, in Gradio's own environment."""

import sys
from itertools import count
from pathlib import Path

import gradio as gr

port, folder = int(sys.argv[1]), Path(sys.argv[2])
thumbnails = sorted(folder.glob("*.webp"), key=lambda path: int(path.stem))
presses = count(1)

with gr.Blocks(title="Gallery") as demo:
    prompt = gr.Textbox(label="Prompt")
    button = gr.Button("Generate")
    said = gr.Markdown("nothing yet")
    gr.Gallery([str(path) for path in thumbnails], columns=5, height="auto", show_label=False)
    button.click(lambda _: f"answer {next(presses)}", prompt, said)

demo.launch(server_name="127.0.0.1", server_port=port, allowed_paths=[str(folder)], quiet=True)
