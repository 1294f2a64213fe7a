"""The pages of a package: readable offline, without a script, without a request to anywhere."""

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from urllib.parse import quote

from imageroute_app.services.export_bag import BagFile

STYLE = (
    ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:1100px;margin:2rem auto;padding:0 1rem}"
    "h1{font-size:1.75rem}h2{font-size:1.2rem;margin-top:2rem}table{border-collapse:collapse;width:100%}"
    "th,td{text-align:left;vertical-align:top;padding:.4rem .8rem .4rem 0;border-top:1px solid #8886}"
    "ul.p{list-style:none;padding:0;display:grid;grid-template-columns:repeat(auto-fill,minmax(180px,1fr));gap:1rem}"
    "ul.p img{width:100%;height:180px;object-fit:cover;border-radius:8px;background:#8882}"
    "ul.p p{margin:.25rem 0;overflow-wrap:anywhere;font-size:.875rem}code{overflow-wrap:anywhere}"
)
PICTURE_TYPES = ("image/",)


def page(title: str, body: str) -> str:
    """Return a whole page."""
    return "".join(page_texts(title, [body]))


def page_texts(title: str, body: Iterable[str]) -> Iterator[str]:
    """Yield a whole page piece by piece."""
    yield (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>'
        f"<body><main><h1>{escape(title)}</h1>\n"
    )
    yield from body
    yield "</main></body></html>\n"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table."""
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    lines = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>\n"


def picture_line(file: BagFile) -> str:
    """Return one picture with its words, linked to its file and its sidecar."""
    path = quote(file.path.removeprefix("data/"))
    title = escape(file.title or "Picture")
    return (
        f'<li><a href="{path}"><img src="{path}" alt="{title}" loading="lazy"></a>'
        f'<p>{title}</p><p><a href="{path}.json">Settings</a> {escape(file.created_at[:10])}</p></li>\n'
    )


def file_line(file: BagFile) -> str:
    """Return one other file as a line of the list."""
    path = file.path.removeprefix("data/")
    return f'<li><a href="{quote(path)}">{escape(path)}</a> ({file.size_bytes:,} bytes)</li>\n'


def is_picture(file: BagFile) -> bool:
    """Say whether a file is a picture."""
    return file.media_type.startswith(PICTURE_TYPES)
