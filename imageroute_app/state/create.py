"""Create: the composer's form, its binding price, and sending it.

The fields live in the browser, so that typing never waits for the server; `start` is what they are mounted with, and a new
`prompt_key` or `form_key` mounts the prompt or the settings again. What a press sends is what the form holds at that moment,
never what this state remembers.
"""

import dataclasses
from typing import Literal, cast, get_args

import reflex as rx

from imageroute_app.bootstrap import services
from imageroute_app.domain.catalog import Model
from imageroute_app.domain.errors import ImageRouteError, InvalidInput, NotFound
from imageroute_app.domain.jobs import Job, Quote
from imageroute_app.state import text
from imageroute_app.state.create_views import (
    EarlierView,
    ExampleView,
    SourceView,
    earlier_prompts,
    example_view,
    source_view,
)
from imageroute_app.state.form import (
    EVERYTHING,
    PROMPT,
    STYLES,
    Form,
    Parts,
    Verb,
    draft_of,
    fit_form,
    form_from,
    form_of,
    parts_of,
    ratio_named,
    read_draft,
    request_of,
    reused,
    whole,
)
from imageroute_app.state.guard import signed_in
from imageroute_app.state.session import SessionState, actor
from imageroute_app.state.stage import StageState
from imageroute_app.state.views import ModelView, model_view

FieldName = Literal["negative", "model", "size", "count", "style", "seed", "strength"]
HERE = "/create"
EARLIER_JOBS, EARLIER_MAX = 60, 12
EXAMPLES = (
    Form(prompt="Lighthouse on a cliff at night, one warm beam over a calm sea", style="film-still", seed="48151623"),
    Form(prompt="Red sun over rose-coloured mountains", style="screen-print", seed="2718"),
    Form(prompt="Milky Way above a clearing in the pines", seed="31415"),
)


class CreateState(rx.State):
    """What the composer shows beside its own fields."""

    start: Form = Form()
    is_draft: bool = True
    prompt_key: int = 0
    form_key: int = 0
    models: list[ModelView] = []
    model: ModelView = ModelView()
    ratio: str = "4:5"
    pixels: str = ""
    count: int = 1
    style: str = ""
    strength: str = ""
    source: SourceView = SourceView()
    quote_id: str = ""
    price: int = 0
    unit: str = ""
    earlier: list[EarlierView] = []
    examples: list[ExampleView] = []
    problem: str = ""
    problem_field: str = ""
    is_sending: bool = False
    is_loaded: bool = False
    _form: Form = Form()

    @rx.event
    @signed_in
    async def load_create(self):
        """Fill the screen: the draft, its price, and the newest jobs; on_load."""
        try:
            owner = await actor(self)
            if await self._reused_from_address(owner):
                return rx.redirect(HERE, replace=True)
            self._load_models()
            self._mount(read_draft(await services().drafts.load(owner)), is_draft=True)
            await self._requote(owner)
            await self._load_jobs(owner)
        except ImageRouteError as error:
            (await self.get_state(SessionState))._tell_error(error)
            return None
        self.is_loaded = True
        return StageState.watch_jobs if (await self.get_state(StageState))._is_open() else None

    async def _reused_from_address(self, owner: str) -> bool:
        """Put into the draft what ?use=<image id>&how=<verb> asks to reuse; once, so that a reload takes nothing back."""
        asked = self.router.url.query_parameters
        if (verb := asked.get("how", "")) not in get_args(Verb):
            return False
        try:
            image = await services().gallery.image(owner, asked.get("use", ""))
        except NotFound as error:
            (await self.get_state(SessionState))._tell_error(error)
            return False
        draft = read_draft(await services().drafts.load(owner))
        await services().drafts.save(owner, draft_of(reused(cast("Verb", verb), image, draft)))
        return True

    @rx.event
    @signed_in
    async def set_prompt(self, prompt: str, key: int):
        """Follow the prompt; words typed into a field that was mounted again since come too late."""
        if key == self.prompt_key:
            self._form = dataclasses.replace(self._form, prompt=prompt)
            await self._follow()

    @rx.event
    @signed_in
    async def set_field(self, name: FieldName, value: str):
        """Follow one setting: keep the draft and show the new price."""
        self._form = dataclasses.replace(self._form, **{name: value})
        await self._follow()

    @rx.event
    @signed_in
    async def submit_prompt(self, form_data: dict[str, str]):
        """Send what the form holds; a second press of the same form makes no second job."""
        self.is_sending, self.problem = True, ""
        yield
        try:
            owner = await actor(self)
            job = await self._send(owner, form_data)
            await self._accepted(owner, job)
            yield StageState.watch_jobs
        except ImageRouteError as error:
            await self._refused(error)
        finally:
            self.is_sending = False

    @rx.event
    @signed_in
    async def run_example(self, quote_id: str):
        """Run an example by the quote that it was shown with."""
        try:
            owner = await actor(self)
            job = await services().jobs.submit(owner, quote_id)
            self._mount(form_of(job.request))
            await self._accepted(owner, job)
        except ImageRouteError as error:
            await self._refused(error)
            return None
        return StageState.watch_jobs

    @rx.event
    @signed_in
    async def use_image(self, verb: Verb, image_id: str):
        """Take a picture's prompt, seed, all its settings, or the picture itself, into the form."""
        try:
            owner = await actor(self)
            image = await services().gallery.image(owner, image_id)
            self._mount(reused(verb, image, self._form), parts_of(verb, self._form))
        except ImageRouteError as error:
            (await self.get_state(SessionState))._tell_error(error)
            return
        await self._follow()

    @rx.event
    @signed_in
    async def use_earlier(self, job_id: str):
        """Take the prompt of an earlier job into the form."""
        try:
            owner = await actor(self)
            job = await services().jobs.job(owner, job_id)
            self._mount(dataclasses.replace(self._form, prompt=job.request.prompt), PROMPT)
        except ImageRouteError as error:
            (await self.get_state(SessionState))._tell_error(error)
            return
        await self._follow()

    @rx.event
    @signed_in
    async def remove_source(self):
        """Start the next picture from the prompt alone."""
        self._form = dataclasses.replace(self._form, source="")
        await self._follow()

    # --- The form -------------------------------------------------------------------------------------------------------

    def _mount(self, form: Form, parts: Parts = EVERYTHING, *, is_draft: bool = False) -> None:
        """Put values into these parts of the form; the others keep what is being typed there.

        A draft gives way to what was typed since, for example while the server was away.
        """
        self._form = fit_form(form, services().jobs.models())
        self.start, self.is_draft = self._form, is_draft
        self.prompt_key += "prompt" in parts
        self.form_key += "settings" in parts

    async def _follow(self) -> None:
        """Keep the draft and show the price of what the form holds now."""
        self.problem = ""
        try:
            owner = await actor(self)
            await services().drafts.save(owner, draft_of(self._form))
        except ImageRouteError as error:
            self._explain(error)
            return
        await self._requote(owner)

    async def _requote(self, owner: str) -> None:
        """Show the choices and their price, and hold a quote as soon as there is something to quote."""
        model = self._show_choices()
        self._show_price(services().jobs.unit_price(model), self.count)
        self.quote_id = ""
        try:
            await self._show_source(owner)
            if self._form.prompt.strip():
                self._offer(await services().jobs.quote(owner, request_of(self._form)))
        except ImageRouteError as error:
            self._explain(error)

    def _show_choices(self) -> Model:
        form = fit_form(self._form, services().jobs.models())
        shape = ratio_named(form.size)
        self.model = next(view for view in self.models if f"{view.provider}/{view.id}" == form.model)
        self.ratio, self.pixels = shape.name, text.pixels(shape.width, shape.height)
        self.count, self.style, self.strength = int(form.count), dict(STYLES)[form.style], form.strength
        return services().jobs.model(self.model.provider, self.model.id)

    async def _show_source(self, owner: str) -> None:
        if self._form.source == self.source.id:
            return
        try:
            image = await services().gallery.image(owner, self._form.source) if self._form.source else None
        except NotFound:
            image = None
        self.source = source_view(image) if image else SourceView()
        self._form = dataclasses.replace(self._form, source=self.source.id)

    def _offer(self, quote: Quote) -> None:
        self.quote_id = quote.id
        self._show_price(quote.unit_credits, quote.request.count)

    def _show_price(self, unit: int, count: int) -> None:
        self.price = unit * count
        self.unit = f"{text.count(count, 'picture')} at {text.count(unit, 'credit')}"

    # --- Sending --------------------------------------------------------------------------------------------------------

    async def _send(self, owner: str, form_data: dict[str, str]) -> Job:
        self._form = form_from(form_data)
        shown = whole(form_data.get("price", ""), "price", "The price was not shown yet. Press again.")
        await services().drafts.save(owner, draft_of(self._form))
        request = request_of(self._form)
        return await services().jobs.send(owner, request, quote_id=form_data.get("quote_id", ""), most_credits=shown)

    async def _accepted(self, owner: str, job: Job) -> None:
        """Show the job, and give the form its next quote."""
        await (await self.get_state(StageState))._show(owner, job)
        self._offer(await services().jobs.next_quote(owner, job.request, after_job=job.id))
        await services().drafts.save(owner, draft_of(self._form))
        self.earlier = earlier_prompts(await services().jobs.recent(owner, limit=EARLIER_JOBS), EARLIER_MAX)

    async def _refused(self, error: ImageRouteError) -> None:
        """Say why nothing was sent, beside the form that kept everything; show today's price."""
        owner = await actor(self)
        await (await self.get_state(SessionState))._load_balance(owner)
        self._explain(error)
        if not isinstance(error, InvalidInput):
            await self._requote(owner)

    def _explain(self, error: ImageRouteError) -> None:
        self.problem = error.message
        self.problem_field = error.field if isinstance(error, InvalidInput) else error.code

    # --- Loading --------------------------------------------------------------------------------------------------------

    def _load_models(self) -> None:
        jobs = services().jobs
        self.models = [model_view(model, jobs.unit_price(model)) for model in jobs.models()]

    async def _load_jobs(self, owner: str) -> None:
        stage = await self.get_state(StageState)
        await stage._load(owner)
        self.earlier = earlier_prompts(await services().jobs.recent(owner, limit=EARLIER_JOBS), EARLIER_MAX)
        self.examples = [] if stage.jobs else [await self._example(owner, form) for form in EXAMPLES]

    async def _example(self, owner: str, form: Form) -> ExampleView:
        request = request_of(fit_form(form, services().jobs.models()))
        quote = await services().jobs.quote(owner, request)
        return example_view(quote, services().jobs.model(request.provider, request.model))
