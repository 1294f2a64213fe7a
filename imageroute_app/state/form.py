"""The composer's fields: as the browser sends them, as the draft keeps them, and the request they stand for.

Everything is text here, because that is what a form sends; `request_of` is where it becomes a domain type.
"""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from imageroute_app.domain.catalog import RATIOS, Model, Ratio, Task
from imageroute_app.domain.checks import SCALES
from imageroute_app.domain.errors import InvalidInput
from imageroute_app.domain.jobs import COUNT_MAX, Mode, Request, Rule
from imageroute_app.domain.styles import NO_STYLE, STYLES

Parts = frozenset[Literal["prompt", "settings"]]
"""Parts of the form that are put into the page by themselves."""

PROMPT: Parts = frozenset({"prompt"})
SETTINGS: Parts = frozenset({"settings"})
EVERYTHING = PROMPT | SETTINGS
MODES: Mapping[str, tuple[Mode, str, str]] = {
    "auto": (Mode.AUTO, "Auto", "The best mix of price, speed and health"),
    "cheapest": (Mode.CHEAPEST, "Cheapest", "The lowest price first"),
    "fastest": (Mode.FASTEST, "Fastest", "The shortest usual time first"),
    "best": (Mode.BEST, "Best", "The highest quality first"),
}
"""Ways to let us choose the model, with name and meaning."""
SIDES = ("left", "top", "right", "bottom")
EXPAND_START = "256,0,256,0"
STRENGTHS = tuple(str(percent) for percent in range(5, 101, 5))
COUNTS = tuple(str(count) for count in range(1, COUNT_MAX + 1))


@dataclasses.dataclass(frozen=True)
class Form:
    """What the composer holds.

    `model` is "provider/model" or one of MODES, `size` "1024x1280", `strength` in percent. `rule` is the rule of this request
    as JSON, empty for the account's own; `compare` names up to four models, with commas between. `task` is a Task, empty for
    what follows from the rest; `mask` names an upload, `expand` is pixels left, top, right, bottom, `scale` a factor.
    `references` names further pictures, with commas between; `keeping` is "1" once the person accepts that a company keeps
    an upload longer than we do.
    """

    prompt: str = ""
    negative: str = ""
    model: str = ""
    size: str = "1024x1280"
    count: str = "1"
    style: str = NO_STYLE
    seed: str = ""
    source: str = ""
    strength: str = "60"
    rule: str = ""
    compare: str = ""
    task: str = ""
    mask: str = ""
    expand: str = "0,0,0,0"
    scale: str = "2"
    references: str = ""
    keeping: str = ""


_RULES = TypeAdapter(Rule)
FIELDS = frozenset(field.name for field in dataclasses.fields(Form))


def form_from(fields: Mapping[str, str]) -> Form:
    """Return the form that a browser sent; unknown names are left out, missing ones are as in an empty form."""
    return Form(**{name: value for name, value in fields.items() if name in FIELDS})


def draft_of(form: Form) -> str:
    """Return the form as the text that the draft keeps."""
    return json.dumps(dataclasses.asdict(form), ensure_ascii=False)


def read_draft(draft: str) -> Form:
    """Return the form of a draft; one that cannot be read, because an older version wrote it, is an empty form."""
    try:
        fields = json.loads(draft or "{}")
    except ValueError:
        return Form()
    if not isinstance(fields, dict):
        return Form()
    return form_from({name: value for name, value in fields.items() if isinstance(value, str)})


def request_of(form: Form, own: Rule) -> Request:
    """Return what the form asks for, under its own rule or else the account's (`own`).

    Raises:
        InvalidInput: when a number is none; whether it is in bounds is the domain's to say.
    """
    provider, _, model = ("", "", "") if form.model in MODES else form.model.partition("/")
    width, _, height = form.size.partition("x")
    return Request(
        prompt=form.prompt,
        negative=form.negative,
        provider=provider,
        model=model,
        mode=MODES[form.model][0] if form.model in MODES else Mode.FIXED,
        rule=rule_from(form.rule, own),
        width=whole(width, "size", "Choose one of the shapes on offer."),
        height=whole(height, "size", "Choose one of the shapes on offer."),
        count=whole(form.count, "count", f"Choose 1 to {COUNT_MAX} pictures."),
        seed=_seed(form.seed.strip()),
        style="" if form.style == NO_STYLE else form.style,
        source_id=form.source,
        strength=whole(form.strength, "strength", "Choose a strength from 0 to 100.") / 100,
        task=_task(form.task),
        mask_id=form.mask,
        expand=sides_of(form.expand),
        scale=whole(form.scale, "scale", "Choose 2 or 4 times the size."),
        reference_ids=referenced(form),
        accepts_keeping=form.keeping == "1",
    )


def requests_of(form: Form, own: Rule) -> list[Request]:
    """Return one request for each model that the form compares."""
    return [request_of(dataclasses.replace(form, model=key), own) for key in compared(form)]


def compared(form: Form) -> list[str]:
    """Return the models that the form compares, each once."""
    return list(dict.fromkeys(key for key in form.compare.split(",") if key))


def referenced(form: Form) -> tuple[str, ...]:
    """Return the further pictures that the form sends along, each once."""
    return tuple(dict.fromkeys(one for one in form.references.split(",") if one))


def rule_from(text: str, own: Rule) -> Rule:
    """Return the rule that a form carries, or `own`; a rule that cannot be read is refused, never guessed.

    Raises:
        InvalidInput: for anything that is no rule.
    """
    if not text:
        return own
    try:
        return _RULES.validate_json(text)
    except ValidationError as error:
        raise InvalidInput("This rule cannot be read. Choose a level again.", field="rule") from error


def rule_json(rule: Rule) -> str:
    """Return a rule as the text that a form carries."""
    return _RULES.dump_json(rule).decode()


def _task(text: str) -> Task:
    if text and text not in set(Task):
        raise InvalidInput("Choose what to do with the picture.", field="task")
    return Task(text or Task.TEXT)


def sides_of(text: str) -> tuple[int, int, int, int]:
    """Return pixels left, top, right and bottom; raises InvalidInput when a text names no four numbers."""
    message = "Write the pixels of each side as whole numbers."
    sides = [whole(side or "0", "expand", message) for side in text.split(",")]
    if len(sides) != len(SIDES):
        raise InvalidInput(message, field="expand")
    left, top, right, bottom = sides
    return left, top, right, bottom


def _seed(text: str) -> int | None:
    return whole(text, "seed", "Write the seed as a whole number, or leave it empty.") if text else None


def whole(text: str, field: str, message: str) -> int:
    """Return the number that a text says; raises InvalidInput with the message."""
    if not text.isascii() or not text.removeprefix("-").isdigit() or len(text) > 12:
        raise InvalidInput(message, field=field)
    return int(text)


def form_of(request: Request) -> Form:
    """Return the form that asks for this."""
    return Form(
        prompt=request.prompt,
        negative=request.negative,
        model=f"{request.provider}/{request.model}" if request.mode is Mode.FIXED else request.mode.value,
        size=size_value(closest_ratio(request.width, request.height)),
        count=str(request.count),
        style=request.style or NO_STYLE,
        seed="" if request.seed is None else str(request.seed),
        source=request.source_id,
        strength=str(round(request.strength * 100)),
        task="" if request.task is Task.TEXT else request.task.value,
        mask=request.mask_id,
        expand=",".join(map(str, request.expand)),
        scale=str(request.scale),
        references=",".join(request.reference_ids),
        keeping="1" if request.accepts_keeping else "",
    )


def fit_form(form: Form, models: Sequence[Model]) -> Form:
    """Return the form with only choices that are on offer: a draft may be older than the catalogue."""
    names = [model.key for model in models]
    can_choose = any(model.makes == "trainedAlgorithmicMedia" for model in models)
    models_on_offer = [*names, *(MODES if can_choose else ())]
    sizes = [size_value(ratio) for ratio in RATIOS]
    return dataclasses.replace(
        form,
        model=form.model if form.model in models_on_offer else (names[0] if names else ""),
        compare=",".join(key for key in compared(form) if key in names),
        size=form.size if form.size in sizes else Form.size,
        count=form.count if form.count in COUNTS else Form.count,
        style=form.style if form.style in dict(STYLES) else NO_STYLE,
        strength=form.strength if form.strength in STRENGTHS else Form.strength,
        task=form.task if form.task in set(Task) and form.source else "",
        mask=form.mask if form.source else "",
        references=form.references if form.source else "",
        scale=form.scale if form.scale in map(str, SCALES) else Form.scale,
    )


def size_value(ratio: Ratio) -> str:
    """Return the value of a shape's radio button."""
    return f"{ratio.width}x{ratio.height}"


def closest_ratio(width: int, height: int) -> Ratio:
    """Return the shape on offer that is most like these pixels."""
    return min(RATIOS, key=lambda ratio: abs(ratio.width / ratio.height - width / height))


def ratio_named(size: str) -> Ratio:
    """Return the shape that a radio button's value stands for."""
    return next((ratio for ratio in RATIOS if size_value(ratio) == size), RATIOS[0])
