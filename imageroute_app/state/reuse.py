"""What a verb takes from a picture into the form."""

import dataclasses
from collections.abc import Mapping
from typing import Literal

from imageroute_app.domain.catalog import Task
from imageroute_app.domain.gallery import UNKNOWN_SEED, Image
from imageroute_app.domain.styles import NO_STYLE
from imageroute_app.state.form import EVERYTHING, EXPAND_START, PROMPT, SETTINGS, Form, Parts, closest_ratio, size_value

Verb = Literal["prompt", "seed", "remix", "all", "edit", "extend", "upscale", "cutout"]
"""What can be taken from a picture into the form."""
VERB_TASKS: Mapping[str, Task] = {
    "edit": Task.EDIT,
    "extend": Task.OUTPAINT,
    "upscale": Task.UPSCALE,
    "cutout": Task.CUTOUT,
}


def reused(verb: Verb, image: Image, form: Form) -> Form:
    """Return the form with what a verb takes from a picture."""
    match verb:
        case "prompt":
            return dataclasses.replace(form, prompt=image.prompt)
        case "seed":
            return dataclasses.replace(form, seed=seed_of(image) or form.seed)
        case "all":
            return form_like(image, form)
        case "remix":
            return dataclasses.replace(started_from(image, form, Task.EDIT), prompt=form.prompt or image.prompt)
        case "edit" | "extend" | "upscale" | "cutout":
            return started_from(image, form, VERB_TASKS[verb])


def started_from(image: Image, form: Form, task: Task) -> Form:
    """Return the form that does something with this picture; a mask that was painted over another one goes."""
    size = size_value(closest_ratio(image.width, image.height))
    mask = form.mask if form.source == image.id else ""
    expand = EXPAND_START if task is Task.OUTPAINT and form.expand == Form.expand else form.expand
    return dataclasses.replace(form, source=image.id, size=size, task=task.value, mask=mask, expand=expand)


def parts_of(verb: Verb, form: Form) -> Parts:
    """Return the parts of a form that a verb writes."""
    match verb:
        case "prompt":
            return PROMPT
        case "all":
            return EVERYTHING
        case "seed" | "edit" | "extend" | "upscale" | "cutout":
            return SETTINGS
        case "remix":
            return SETTINGS if form.prompt else EVERYTHING


def form_like(image: Image, form: Form) -> Form:
    """Return the form that makes this picture again: one of it, with its seed; the source stays behind."""
    return dataclasses.replace(
        form,
        prompt=image.prompt,
        negative=image.negative,
        model=f"{image.provider}/{image.model}",
        size=size_value(closest_ratio(image.width, image.height)),
        count="1",
        style=image.style or NO_STYLE,
        seed=seed_of(image),
        source=image.source_id,
        task="",
        mask="",
        references="",
    )


def seed_of(image: Image) -> str:
    """Return the seed that makes a picture again, or an empty text where its provider tells none."""
    return "" if image.seed == UNKNOWN_SEED else str(image.seed)
