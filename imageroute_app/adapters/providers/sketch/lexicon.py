"""The words the engine knows: scenes, colours, times of day, weather and styles, in a few languages and emoji."""

STYLES: tuple[tuple[str, str], ...] = (
    ("none", "No style"),
    ("film-still", "Film still"),
    ("screen-print", "Screen print"),
    ("watercolour", "Watercolour"),
    ("ink", "Ink"),
    ("poster", "Poster"),
    ("neon", "Neon"),
    ("pastel", "Pastel"),
    ("minimal", "Minimal"),
)

# Scene: words, each with the weight of the group it stands in. Two words stand for themselves, side by side.
_SCENES: dict[str, dict[int, str]] = {
    "ridges": {
        3: "mountain mountains hill hills ridge ridges peak valley montaña montañas montagne montagnes berge berg"
        " montanha горы جبال 山 🏔 ⛰ 🗻 🌄 🌋",
        2: "range highlands horizon landscape paisaje paysage landschaft sunrise volcano 🌅",
    },
    "peaks": {
        4: "alps alpine glacier himalaya everest summit matterhorn snowcapped 🏔",
        3: "snowy snow ice icy frozen winter neige schnee nieve ❄ ⛄",
        2: "mountain mountains peak peaks",
    },
    "pines": {
        4: "forest forests woods woodland pine pines fir spruce taiga conifer foret forêt bosque wald 森 🌲",
        2: "tree trees trunk wilderness 🌳 🐻 🦌",
        1: "mist misty fog foggy",
    },
    "dunes": {4: "desert dune dunes sahara sand sandy desierto wüste désert 🏜 🐫 🐪", 1: "arid dry oasis"},
    "balloons": {6: "balloon balloons 🎈", 4: "hot-air airship globo montgolfière ballon"},
    "lighthouse": {7: "lighthouse faro phare leuchtturm", 2: "beacon cliff beam lantern"},
    "sea": {
        4: "sea ocean seascape waves surf mar mer meer océan море بحر 海 🌊",
        3: "beach coast shore horizon lagoon sailing 🏖 ⛵",
        2: "water wave tide bay sunset 🌇",
    },
    "lake": {4: "lake lakes reflection loch pond lago lac 湖", 2: "calm still mirror canoe"},
    "islands": {
        5: "island islands archipelago atoll isla islas île îles insel inseln 島 🏝",
        4: "aerial satellite from-above bird-eye drone",
        2: "reef coral map tropical",
    },
    "milky": {
        5: "galaxy galaxies milky-way stargazing starscape nebula cosmos 🌌",
        3: "star stars starry constellation 🌠 ✨ ⭐ 🌟",
        2: "night-sky universe meteor astronomy",
    },
    "planet": {
        6: "planet planets saturn jupiter ringed exoplanet 🪐",
        3: "space orbit moons astronaut alien sci-fi scifi 🚀 👽 🛸",
        2: "rings asteroid mars",
    },
    "aurora": {6: "aurora borealis northern-lights polar-lights nordlicht", 2: "arctic polar iceland norway lapland"},
    "clouds": {5: "cloud clouds cloudscape heaven nubes nuages wolken 雲 ☁ ⛅", 3: "sky cielo ciel himmel storm 空 🌈"},
    "bokeh": {6: "bokeh", 3: "lights raindrops window rain rainy blurred 🎄 🎆 🎇 💡 🌧", 2: "christmas festive party"},
    "city": {
        4: "city skyline skyscraper skyscrapers metropolis downtown town ciudad ville stadt город 城 🏙 🌃 🌆",
        3: "buildings building urban tokyo york manhattan chicago london shanghai street rooftops 🏢",
        2: "tower towers cyberpunk windows",
    },
    "fern": {5: "fern ferns palm frond fronds botanical monstera 🌴 🌿", 3: "leaf leaves jungle plant plants foliage 🍃 🪴"},
    "cutouts": {5: "cutout cutouts matisse collage papercut", 3: "paper decoupage leaves 🍂 🍁"},
    "poppies": {
        5: "poppy poppies meadow wildflowers wildflower daisies daisy 💐 🌼",
        4: "flowers floral blossoms garden fiori flores fleurs blumen цветы 🌸 🌺",
        2: "field bloom pattern spring",
    },
    "bloom": {
        5: "flower rose lotus tulip dahlia lily peony sunflower orchid flor fleur blume цветок 花 🌹 🌷 🌻 🪷",
        4: "petal petals blossom bloom mandala 🏵",
    },
    "bauhaus": {6: "bauhaus", 4: "geometric geometry modernist swiss constructivist suprematist shapes", 2: "poster grid circles"},
    "supergraphic": {
        6: "supergraphic supergraphics",
        4: "seventies 70s retro rainbow stripes arcs groovy 🌈",
        2: "curves vintage",
    },
    "arch": {
        5: "arch arches archway stairs staircase stairway doorway arco escalera",
        4: "architecture door courtyard mediterranean barragán 🚪 🏛",
        2: "wall walls building house shadow",
    },
    "seigaiha": {6: "seigaiha", 4: "japanese-pattern japanese scallop scales wave-pattern fan-pattern", 3: "pattern japan tile tiles wallpaper"},
    "chrome": {
        5: "chrome sculpture metallic liquid-metal mercury 🪩",
        4: "metal silver-blob blob abstract-sculpture statue steel",
        2: "glossy mirror shiny 3d",
    },
    "orb": {5: "orb orbs bubble bubbles pearl glass-sphere iridescent holographic 🫧 🔮", 3: "sphere ball glass marble-ball"},
    "still": {
        6: "still-life naturaleza-muerta nature-morte stillleben",
        3: "spheres balls fruit fruits oranges apples sphere 🍎 🍊 🍇 🎱",
        2: "table studio bowl",
    },
    "flow": {5: "flow-field flowing flow swirl swirls strands hair fibres feathers 🌀 🪶", 3: "wind music jazz dance river lines 🎵 🎶 💨"},
    "marble": {5: "marble marbled marbling agate fluid ink-in-water smoke lava 🔥", 3: "liquid paint oil acrylic dream fire flame swirling"},
    "mesh": {5: "gradient gradients mesh", 3: "blur soft ambient wallpaper background calm mood haze"},
    "topo": {5: "topographic topography topo contour contours map terrain 🗺", 2: "layers strata relief"},
    "folds": {5: "silk fabric satin cloth folds drapery velvet curtain", 3: "folded ribbon waves-of-colour pleats"},
    "strata": {5: "canyon strata paper-layers layered-paper cave grotto paper-cut", 3: "layers layered depth sandstone carved"},
}  # fmt: skip

SCENE_WEIGHTS: dict[str, dict[str, int]] = {}
for _scene, _groups in _SCENES.items():
    for _weight, _words in _groups.items():
        for _word in _words.replace("️", "").split():
            SCENE_WEIGHTS.setdefault(_word, {})[_scene] = _weight

SCENE_ORDER: tuple[str, ...] = tuple(_SCENES)
ABSTRACT: tuple[str, ...] = ("flow", "marble", "mesh", "topo", "folds", "strata", "orb", "chrome", "supergraphic")

COLOURS: dict[str, str] = {
    "red": "#d8302f", "crimson": "#b3123b", "scarlet": "#e0301e", "ruby": "#a8123e", "burgundy": "#6d1230",
    "maroon": "#6b1a24", "coral": "#ff6f5e", "salmon": "#f78c7a", "terracotta": "#c8593a", "rust": "#a8452a",
    "orange": "#f0801f", "amber": "#f2a516", "peach": "#fbb28a", "apricot": "#f9a66c", "copper": "#b06a3b",
    "bronze": "#8f6633", "brown": "#7a4a2c", "sepia": "#8a6642", "tan": "#c9a378", "ochre": "#c98a2b",
    "gold": "#e0a526", "golden": "#e0a526", "yellow": "#f6cf2d", "lemon": "#f4e04d", "mustard": "#d2a11f",
    "lime": "#a4d23a", "olive": "#7c7f32", "green": "#2f9e4f", "emerald": "#0f9d63", "jade": "#1fa37a",
    "mint": "#8fdcbc", "sage": "#95a884", "moss": "#6a7d3a", "teal": "#12908f", "turquoise": "#24c1bd",
    "cyan": "#1fb8da", "aqua": "#3ccfd0", "azure": "#2f8fe6", "blue": "#1482d6", "cobalt": "#1c47b8",
    "navy": "#16265c", "indigo": "#3c35a0", "ultramarine": "#2a2fb0", "violet": "#7a3fd0", "purple": "#7b2fa8",
    "lavender": "#ab96e0", "lilac": "#c2a0dc", "plum": "#7d3568", "mauve": "#b484a8", "magenta": "#d41f98",
    "fuchsia": "#e0339c", "pink": "#f27aa8", "rose": "#e58496", "blush": "#f0a8a8", "black": "#101014",
    "white": "#f6f5f1", "grey": "#85878b", "gray": "#85878b", "silver": "#b4b8be", "ivory": "#f4ecd8",
    "cream": "#f3e6c6", "beige": "#dbc7a2", "charcoal": "#2c2e33", "monochrome": "#77797d",
    "rojo": "#d8302f", "rouge": "#d8302f", "azul": "#1482d6", "bleu": "#1482d6", "blau": "#1482d6",
    "verde": "#2f9e4f", "vert": "#2f9e4f", "grün": "#2f9e4f", "amarillo": "#f6cf2d", "jaune": "#f6cf2d",
    "gelb": "#f6cf2d", "синий": "#1482d6", "красный": "#d8302f", "أزرق": "#1482d6", "أحمر": "#d8302f",
    "❤": "#d8302f", "🧡": "#f0801f", "💛": "#f6cf2d", "💚": "#2f9e4f", "💙": "#1482d6", "💜": "#7b2fa8", "🖤": "#101014",
}  # fmt: skip

TIMES: dict[str, str] = {
    "dawn": "dawn", "sunrise": "dawn", "morning": "dawn", "daybreak": "dawn", "early": "dawn", "🌅": "dawn",
    "noon": "day", "day": "day", "midday": "day", "daylight": "day", "sunny": "day", "bright": "day", "☀": "day",
    "afternoon": "day", "golden-hour": "golden", "late-light": "golden", "warm-light": "golden", "warm": "golden",
    "autumn": "golden", "sunset": "dusk", "dusk": "dusk", "twilight": "dusk", "evening": "dusk", "sundown": "dusk",
    "🌇": "dusk", "🌆": "dusk", "night": "night", "midnight": "night", "nocturnal": "night", "moonlit": "night",
    "moonlight": "night", "dark": "night", "noche": "night", "nuit": "night", "nacht": "night", "ночь": "night",
    "夜": "night", "ليل": "night", "🌃": "night", "🌌": "night", "🌙": "night", "🌕": "night",
}  # fmt: skip

WEATHERS: dict[str, str] = {
    "mist": "mist", "misty": "mist", "fog": "mist", "foggy": "mist", "haze": "mist", "hazy": "mist", "🌫": "mist",
    "storm": "storm", "stormy": "storm", "thunder": "storm", "lightning": "storm", "tempest": "storm", "⛈": "storm",
    "rain": "rain", "rainy": "rain", "drizzle": "rain", "🌧": "rain", "snow": "snow", "snowy": "snow",
    "snowing": "snow", "snowfall": "snow", "blizzard": "snow", "winter": "snow", "❄": "snow", "🌨": "snow",
}  # fmt: skip

STYLE_WORDS: dict[str, str] = {
    "film": "film-still", "film-still": "film-still", "cinematic": "film-still", "movie": "film-still",
    "grain": "film-still", "analog": "film-still", "35mm": "film-still", "screen-print": "screen-print",
    "screenprint": "screen-print", "silkscreen": "screen-print", "risograph": "screen-print", "riso": "screen-print",
    "halftone": "screen-print", "woodcut": "screen-print", "watercolour": "watercolour", "watercolor": "watercolour",
    "aquarelle": "watercolour", "gouache": "watercolour", "acuarela": "watercolour", "ink": "ink", "sumi": "ink",
    "sumi-e": "ink", "etching": "ink", "engraving": "ink", "drawing": "ink", "pen": "ink", "poster": "poster",
    "neon": "neon", "synthwave": "neon", "vaporwave": "neon", "cyberpunk": "neon", "glowing": "neon",
    "pastel": "pastel", "pastels": "pastel", "soft-colours": "pastel", "minimal": "minimal", "minimalist": "minimal",
    "minimalism": "minimal", "simple": "minimal",
}  # fmt: skip

LIGHTS = frozenset({"sun", "moon", "sol", "soleil", "sonne", "luna", "lune", "mond", "🌞", "🌕", "月"})
SILENT = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "on",
        "in",
        "at",
        "over",
        "under",
        "with",
        "and",
        "or",
        "to",
        "by",
        "from",
        "for",
        "one",
        "its",
        "it",
        "his",
        "her",
        "very",
        "rising",
        "setting",
        "calm",
        "small",
        "big",
        "large",
        "above",
        "below",
        "behind",
        "near",
        "through",
        "into",
        "as",
        "is",
        "are",
        "some",
        "reflected",
        "style",
        "art",
        "picture",
        "image",
        "painting",
        "photo",
        "photograph",
        "coloured",
        "colored",
        "tinted",
        "hued",
        "colour",
        "color",
        "light",
        "de",
        "la",
        "el",
        "le",
        "les",
        "der",
        "die",
        "das",
        "und",
        "y",
        "et",
        "un",
        "una",
        "une",
    ]
)
NEGATIONS = frozenset({"no", "without", "not", "sans", "ohne", "минус"})
