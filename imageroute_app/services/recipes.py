"""Recipes of a person's pictures: written for downloads, read back into the form."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from imageroute_app.domain.catalog import RATIOS
from imageroute_app.domain.errors import NotFound
from imageroute_app.domain.gallery import Image
from imageroute_app.domain.jobs import Job
from imageroute_app.domain.pictures import Marks
from imageroute_app.domain.ports import Clock, Database, Query
from imageroute_app.domain.recipes import Recipe, read_recipe, sources_of, write_recipe
from imageroute_app.domain.styles import NO_STYLE, STYLES
from imageroute_app.services.routing import Routing

ReadMarks = Callable[[bytes], Awaitable[Marks]]
"""Imaging.read_marks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """The form's fields by their names, and one sentence for everything that is not as it was."""

    form: Mapping[str, str]
    notes: Sequence[str]


class Recipes:
    """What makes a picture again."""

    def __init__(self, *, database: Database, routing: Routing, read_marks: ReadMarks, clock: Clock) -> None:
        self._tables, self._routing, self._clock = database.tables, routing, clock
        self._read_marks = read_marks

    async def of(self, owner: str, images: Sequence[Image]) -> list[bytes]:
        """Return the recipes of these pictures, in their order, at most 200 at once."""
        return (await self.with_sources(owner, images))[0]

    async def with_sources(self, owner: str, images: Sequence[Image]) -> tuple[list[bytes], set[str]]:
        """Return the recipes, and the ids of the pictures and uploads whose hashes stand in them."""
        jobs = await self._jobs(owner, {image.job_id for image in images})
        made_from = [sources_of(image, jobs.get(image.job_id)) for image in images]
        wanted = {source for source, _ in made_from} | {one for _, many in made_from for one in many}
        hashes = await self.hashes_of(owner, wanted - {""})
        return [write_recipe(image, jobs.get(image.job_id), hashes) for image in images], set(hashes)

    async def _jobs(self, owner: str, ids: set[str]) -> dict[str, Job]:
        if not ids:
            return {}
        query = Query(owner=owner, equals={"id": tuple(sorted(ids))}, limit=len(ids))
        return {job.id: job for job in await self._tables.jobs.find(query)}

    async def hashes_of(self, owner: str, ids: set[str]) -> dict[str, str]:
        """Return the SHA-256 of those pictures and uploads that are still there, by id."""
        if not ids:
            return {}
        query = Query(owner=owner, equals={"id": tuple(sorted(ids))}, limit=len(ids))
        found = {image.id: image.sha256 for image in await self._tables.images.find(query)}
        return found | {upload.id: upload.sha256 for upload in await self._tables.uploads.find(query)}

    async def restore(self, owner: str, data: bytes) -> Restored:
        """Return the settings of a recipe or of one of our pictures, naming what no longer exists.

        Raises:
            InvalidInput: the file holds no settings of ours.
            BadImage: it begins like a picture and is none that can be read.
        """
        is_json = data[:64].lstrip().startswith(b"{")
        recipe = read_recipe(data if is_json else (await self._read_marks(data)).recipe.encode())
        form, notes = dict(recipe.fields), [self._model_note(recipe.fields["model"])]
        if notes[0]:
            form.pop("model")
        form["size"], size_note = _closest(form["size"])
        form["style"], style_note = _known_style(form["style"])
        form["source"], source_note = await self._source(owner, recipe)
        notes += [size_note, style_note, source_note]
        return Restored(form=form, notes=[note for note in notes if note])

    def _model_note(self, key: str) -> str:
        model = self._routing.model(key)
        if model is None:
            return f"The model {key} is not on offer here; the model that was chosen stays."
        if model.retires_on is not None and model.retires_on <= self._clock().date():
            return f"{model.name} was retired by its company; the model that was chosen stays."
        return ""

    async def _source(self, owner: str, recipe: Recipe) -> tuple[str, str]:
        if not recipe.source_id:
            return "", ""
        gone = "The picture that it was made from is no longer in your gallery; this starts from the prompt alone."
        try:
            image = await self._tables.images.get(recipe.source_id, owner)
        except NotFound:
            return "", gone
        return ("", gone) if image.trashed else (image.id, "")


def _closest(size: str) -> tuple[str, str]:
    """Return the shape on offer that is most like these pixels, and a sentence if it is another."""
    width, height = (max(1, int(side)) for side in size.split("x"))
    best = min(RATIOS, key=lambda ratio: (abs(ratio.width / ratio.height - width / height), abs(ratio.width - width)))
    if (best.width, best.height) == (width, height):
        return size, ""
    note = f"A size of {width} × {height} is not on offer; {best.width} × {best.height} is the closest."
    return f"{best.width}x{best.height}", note


def _known_style(style: str) -> tuple[str, str]:
    if style in dict(STYLES):
        return style, ""
    return NO_STYLE, f"The style {style[:40]} is not known here; no style is used." if style else ""
