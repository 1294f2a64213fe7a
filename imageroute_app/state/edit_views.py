"""What the edit panel shows: what can be done with a picture, by the chosen model and by others."""

import dataclasses
from collections.abc import Callable, Iterable, Sequence

from imageroute_app.domain.catalog import Model, Task
from imageroute_app.domain.checks import REFERENCES_MAX, lacking
from imageroute_app.domain.jobs import Mode, Request
from imageroute_app.domain.routing import LACKS, task_of
from imageroute_app.state import text

Need = Callable[[Iterable[bool]], bool]
NAMES: tuple[tuple[Task, str], ...] = (
    (Task.EDIT, "Change"),
    (Task.INPAINT, "Paint over"),
    (Task.OUTPAINT, "Extend"),
    (Task.UPSCALE, "Upscale"),
    (Task.CUTOUT, "Remove background"),
)


@dataclasses.dataclass
class TaskView:
    """One thing to do with a picture; `closed` is why the chosen model cannot, `others` how many can, as words."""

    value: str = ""
    name: str = ""
    closed: str = ""
    others: str = ""


@dataclasses.dataclass
class EditView:
    """What will be done with the picture; `left` to `bottom` in pixels, `hint` what is still missing.

    `room` is how many pictures those who may be asked take.
    """

    task: str = ""
    tasks: list[TaskView] = dataclasses.field(default_factory=list)
    closed: list[TaskView] = dataclasses.field(default_factory=list)
    mask: str = ""
    left: int = 0
    top: int = 0
    right: int = 0
    bottom: int = 0
    scale: str = "2"
    size: str = ""
    hint: str = ""
    room: int = REFERENCES_MAX + 1


def edit_view(request: Request, chosen: Sequence[Model], models: Sequence[Model]) -> EditView:
    """Show what a request does with its picture; `chosen` are the models that may be asked, `models` all on offer."""
    need: Need = all if request.mode is Mode.FIXED else any
    tasks = [_task_view(task, name, chosen, models, need) for task, name in NAMES]
    found = lacking(request)
    left, top, right, bottom = request.expand
    return EditView(
        task=task_of(request).value,
        tasks=tasks,
        closed=[view for view in tasks if view.closed],
        mask=request.mask_id,
        left=left,
        top=top,
        right=right,
        bottom=bottom,
        scale=str(request.scale),
        size=text.pixels(request.width, request.height),
        hint=found[1] if found and found[0] in ("mask", "expand") else "",
        room=_room(request, chosen),
    )


def _room(request: Request, chosen: Sequence[Model]) -> int:
    """Return how many pictures fit: whoever is named has to take them all, of those we choose from one."""
    most = [model.capabilities.max_references for model in chosen]
    fits = (min if request.mode is Mode.FIXED else max)(most, default=REFERENCES_MAX + 1)
    return min(fits, REFERENCES_MAX + 1)


def chosen_models(request: Request, keys: Sequence[str], models: Sequence[Model]) -> list[Model]:
    """Return the models that the form chose: those it compares, the one it names, or all that we may choose from."""
    if len(keys) > 1:
        return [model for model in models if model.key in keys]
    if request.mode is Mode.FIXED:
        return [model for model in models if (model.provider, model.id) == (request.provider, request.model)]
    return [model for model in models if model.makes == "trainedAlgorithmicMedia"]


def _task_view(task: Task, name: str, chosen: Sequence[Model], models: Sequence[Model], need: Need) -> TaskView:
    if chosen and need(task in model.capabilities.tasks for model in chosen):
        return TaskView(value=task.value, name=name)
    others = sum(task in model.capabilities.tasks for model in models)
    return TaskView(
        value=task.value,
        name=name,
        closed=LACKS[task],
        others=f"{text.count(others, 'model')} can" if others else "",
    )
