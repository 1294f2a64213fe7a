"""The HTML of a mail, made of its plain text: paragraphs, and the one link as a button.

No picture, no address but the link that the text has too, no script: nothing in it can tell when or where it was read. Colours
follow the reader's light or dark look.
"""

from html import escape

HEAD = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width,initial-scale=1">'
    '<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">'
    "<style>:root{color-scheme:light dark}"
    "body{margin:0;padding:32px 20px;font:16px/1.5 system-ui,sans-serif;background:#fff;color:#15171a}"
    "main{max-width:560px;margin:0 auto}p{margin:0 0 16px;overflow-wrap:anywhere}"
    ".go{display:inline-block;padding:12px 20px;border-radius:10px;background:#ffc61a;color:#15171a;"
    "font-weight:600;text-decoration:none}.small{font-size:13px;color:#5b6067}"
    "@media(prefers-color-scheme:dark){body{background:#0f1012;color:#f1f1ee}.small{color:#a3a7ad}}</style>"
)


def as_page(subject: str, text: str, link: str) -> str:
    """Return the page; every word is escaped, and the link becomes a button where it stands alone, else at the end."""
    is_open = link.startswith(("https://", "http://"))
    button = f'<p><a class="go" href="{escape(link)}">Open the page</a></p>' if is_open else ""
    parts = [part.strip() for part in text.replace("\r\n", "\n").split("\n\n") if part.strip()]
    shown = [button if part == link and button else _paragraph(part) for part in parts]
    if button and button not in shown:
        shown.append(button)
    address = f'<p class="small">{escape(link)}</p>' if button else ""
    title = f"<title>{escape(subject)}</title></head>"
    return f"{HEAD}{title}<body><main><p><b>ImageRoute</b></p>{''.join(shown)}{address}</main></body></html>"


def _paragraph(part: str) -> str:
    return f"<p>{escape(part).replace(chr(10), '<br>')}</p>"
