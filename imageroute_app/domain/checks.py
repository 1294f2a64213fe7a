"""What a request must be before it is priced: words, numbers, what its task needs, and the size that comes of a source.

Principle: what a task does not use is cleared here, so that two requests for the same thing are the same request and
nothing is sent that the person no longer sees.
"""

from collections.abc import Mapping
from dataclasses import replace

from imageroute_app.domain.catalog import Task
from imageroute_app.domain.errors import InvalidInput
from imageroute_app.domain.jobs import COUNT_MAX, PROMPT_MAX, SEED_MAX, SIDE_MAX, SIDE_MIN, Request, tidy_prompt
from imageroute_app.domain.routing import task_of

SCALES = (2, 4)
EXPAND_MAX_PX = 2000
OUTPUT_SIDE_MAX_PX, OUTPUT_PIXELS_MAX = 8192, 24_000_000
REFERENCES_MAX = 8
REPAINTED = 0.75
"""How far a masked area goes away from what was there, at the providers that have a number for it."""
TITLES: Mapping[Task, str] = {Task.OUTPAINT: "Extended", Task.UPSCALE: "Upscaled", Task.CUTOUT: "Background removed"}
"""What a picture is called that was asked for without words; the other tasks need some."""
FORM_SIZED = frozenset({Task.TEXT, Task.EDIT})
ALIKE = frozenset({Task.UPSCALE, Task.CUTOUT})
"""Tasks that give the same every time, so that one result is all there is."""


def check_request(request: Request) -> Request:
    """Return a request that can be sent: as check_draft does, and nothing is missing; raises InvalidInput."""
    if found := lacking(request):
        raise InvalidInput(found[1], field=found[0])
    return check_draft(request)


def check_draft(request: Request) -> Request:
    """Return the request with a tidy prompt and only what its task uses, or raise InvalidInput naming field and limit.

    What is still missing does not matter here: a price can be shown before.
    """
    task = task_of(request)
    for name, text in (("prompt", request.prompt), ("negative", request.negative)):
        if len(tidied := tidy_prompt(text)) > PROMPT_MAX:
            raise InvalidInput(
                f"This text has {len(tidied):,} characters; {PROMPT_MAX:,} is the most. Shorten it and try again.",
                field=name,
            )
    _check_numbers(request, task)
    _check_task(request, task)
    return replace(
        request,
        prompt=tidy_prompt(request.prompt) or TITLES.get(task, ""),
        negative=tidy_prompt(request.negative),
        count=1 if task in ALIKE else request.count,
        strength=REPAINTED if task is Task.INPAINT else request.strength,
        mask_id=request.mask_id if task is Task.INPAINT else "",
        expand=request.expand if task is Task.OUTPAINT else (0, 0, 0, 0),
        scale=request.scale if task is Task.UPSCALE else SCALES[0],
    )


def lacking(request: Request) -> tuple[str, str] | None:
    """Return the field that a request still needs and a sentence that asks for it, or None."""
    task = task_of(request)
    if task not in FORM_SIZED and not request.source_id:
        return "source", "Choose the picture to change first."
    if task is Task.INPAINT and not request.mask_id:
        return "mask", "Paint over what should change first."
    if task is Task.OUTPAINT and not any(request.expand):
        return "expand", "Say how far the picture should go on: one side at least."
    if not tidy_prompt(request.prompt) and task not in TITLES:
        return "prompt", "Write what you want to see first."
    return None


def _check_numbers(request: Request, task: Task) -> None:
    if not 1 <= request.count <= COUNT_MAX:
        raise InvalidInput(f"Choose 1 to {COUNT_MAX} pictures.", field="count")
    for name, side in (("width", request.width), ("height", request.height)):
        if task in FORM_SIZED and not SIDE_MIN <= side <= SIDE_MAX:
            raise InvalidInput(f"Choose a {name} from {SIDE_MIN} to {SIDE_MAX} pixels.", field=name)
    if request.seed is not None and not 0 <= request.seed <= SEED_MAX:
        raise InvalidInput(f"Choose a seed from 0 to {SEED_MAX}.", field="seed")
    if not 0.0 <= request.strength <= 1.0:
        raise InvalidInput("Choose a strength from 0 to 1.", field="strength")


def _check_task(request: Request, task: Task) -> None:
    if len(request.reference_ids) > REFERENCES_MAX:
        raise InvalidInput(f"Choose at most {REFERENCES_MAX} more pictures.", field="reference_ids")
    if task is Task.OUTPAINT and not all(0 <= side <= EXPAND_MAX_PX for side in request.expand):
        raise InvalidInput(f"Extend each side by 0 to {EXPAND_MAX_PX:,} pixels.", field="expand")
    if task is Task.UPSCALE and request.scale not in SCALES:
        raise InvalidInput("Choose 2 or 4 times the size.", field="scale")


def output_size(request: Request, width: int, height: int) -> tuple[int, int]:
    """Return the pixels of the result for a source of this size; a form's own size for what is drawn afresh."""
    match task_of(request):
        case Task.TEXT | Task.EDIT:
            return request.width, request.height
        case Task.INPAINT | Task.CUTOUT:
            return width, height
        case Task.UPSCALE:
            return width * request.scale, height * request.scale
        case Task.OUTPAINT:
            left, top, right, bottom = request.expand
            return width + left + right, height + top + bottom


def anchored(request: Request, width: int, height: int) -> Request:
    """Return a checked request with the size that follows from its source's pixels; raises InvalidInput for too many."""
    wide, high = output_size(request, width, height)
    if max(wide, high) > OUTPUT_SIDE_MAX_PX or wide * high > OUTPUT_PIXELS_MAX:
        raise InvalidInput(
            f"This would make {wide:,} × {high:,} pixels; {OUTPUT_PIXELS_MAX // 10**6} megapixels and"
            f" {OUTPUT_SIDE_MAX_PX:,} on a side are the most. Choose less.",
            field={Task.UPSCALE: "scale", Task.OUTPAINT: "expand"}.get(task_of(request), "source"),
        )
    return replace(request, width=wide, height=high)
