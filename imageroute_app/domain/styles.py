"""The styles on offer, by the names that the sketch engine gives them (a test compares the two)."""

NO_STYLE = "none"
STYLES: tuple[tuple[str, str], ...] = (
    (NO_STYLE, "No style"),
    ("film-still", "Film still"),
    ("screen-print", "Screen print"),
    ("watercolour", "Watercolour"),
    ("ink", "Ink"),
    ("poster", "Poster"),
    ("neon", "Neon"),
    ("pastel", "Pastel"),
    ("minimal", "Minimal"),
)
