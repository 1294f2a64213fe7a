"""Create: the composer's form, its binding price, and sending it.

The fields live in the browser, so that typing never waits for the server; `start` is what they are mounted with, and a new
`prompt_key` or `form_key` mounts the prompt or the settings again. What a press sends is what the form holds at that moment,
never what this state remembers.
"""

import dataclasses
from typing import Literal, cast, get_args

import reflex as rx

from imageroute_app.bootstrap import services
from imageroute_app.domain.catalog import Model, Task
from imageroute_app.domain.checks import FORM_SIZED, TITLES, lacking
from imageroute_app.domain.errors import ImageRouteError, InvalidInput, NotFound
from imageroute_app.domain.jobs import Job, Quote, Request, Rule
from imageroute_app.domain.plans import Candidate, NoRoute, Plan
from imageroute_app.domain.routing import task_of
from imageroute_app.services.attempts import rule_text
from imageroute_app.state import text
from imageroute_app.state.create_views import (
    EarlierView,
    ExampleView,
    SourceView,
    earlier_prompts,
    example_view,
    source_view,
)
from imageroute_app.state.edit_views import EditView, chosen_models, edit_view
from imageroute_app.state.form import (
    EVERYTHING,
    MODES,
    PROMPT,
    STYLES,
    Form,
    Parts,
    compared,
    draft_of,
    fit_form,
    form_from,
    form_of,
    ratio_named,
    read_draft,
    referenced,
    request_of,
    requests_of,
    rule_json,
    whole,
)
from imageroute_app.state.guard import signed_in
from imageroute_app.state.plan_views import ClosedView, closed_view, compared_view, plan_stop
from imageroute_app.state.reuse import Verb, parts_of, reused
from imageroute_app.state.session import SessionState, actor
from imageroute_app.state.stage import StageState
from imageroute_app.state.views import ModelView, StopView, model_view

FieldName = Literal["negative", "model", "size", "count", "style", "seed", "strength"]
HERE = "/create"
EXAMPLE_SETTINGS = ("IMAGEROUTE_BFL_KEY", "IMAGEROUTE_SDAPI_URL")
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
    references: list[SourceView] = []
    reference_ids: str = ""
    keeping: str = ""
    expand: str = Form.expand
    edit: EditView = EditView()
    mode: str = ""
    quote_id: str = ""
    price: int = 0
    unit: str = ""
    level: str = "strict"
    failover: str = "equal"
    rule_json: str = ""
    rule_line: str = ""
    is_own_rule: bool = True
    fits: str = ""
    checked: str = ""
    has_companies: bool = False
    key_example: str = ""
    url_example: str = ""
    route: list[StopView] = []
    closed: list[ClosedView] = []
    loosening: str = ""
    outlives: str = ""
    is_comparing: bool = False
    compare: list[str] = []
    compare_ids: str = ""
    earlier: list[EarlierView] = []
    examples: list[ExampleView] = []
    problem: str = ""
    problem_field: str = ""
    is_sending: bool = False
    is_loaded: bool = False
    _form: Form = Form()
    _own: Rule = Rule()
    _loosened: str = ""

    @rx.var
    def privacy(self) -> str:
        """Return the name of the line above the prompt: who gets it, where, for how long, and whether they train."""
        model = self.model
        return f"Privacy: {model.company}, {model.country}, {model.retention}, {model.trains}. Show the route"

    @rx.event
    @signed_in
    async def load_create(self):
        """Fill the screen: the draft, its price, and the newest jobs; on_load."""
        try:
            owner = await actor(self)
            if await self._reused_from_address(owner):
                return rx.redirect(HERE, replace=True)
            self._own = await services().routing.rule(owner)
            draft = read_draft(await services().drafts.load(owner))
            self._mount(draft if draft.model else await self._first_choice(owner, draft), is_draft=True)
            await self._requote(owner)
            await self._load_jobs(owner)
        except ImageRouteError as error:
            (await self.get_state(SessionState))._tell_error(error)
            return None
        self.key_example, self.url_example = EXAMPLE_SETTINGS
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
            await self._accepted(owner, await self._send(owner, form_data))
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
            await self._accepted(owner, [job])
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
        self._form = dataclasses.replace(self._form, source="", task="", mask="", references="", keeping="")
        await self._follow()

    # --- The form -------------------------------------------------------------------------------------------------------

    def _mount(self, form: Form, parts: Parts = EVERYTHING, *, is_draft: bool = False) -> None:
        """Put values into these parts of the form; the others keep what is being typed there.

        A draft gives way to what was typed since, for example while the server was away.
        """
        self._form = fit_form(form, services().routing.models())
        self.start, self.is_draft = self._form, is_draft
        self.prompt_key += "prompt" in parts
        self.form_key += "settings" in parts

    async def _change(self, **values: str) -> None:
        """Set fields that no control of the form holds by itself."""
        self._form = dataclasses.replace(self._form, **values)
        await self._follow()

    async def _follow(self) -> None:
        """Keep the draft and show the price of what the form holds now."""
        self.problem, self.closed, self.loosening, self.outlives = "", [], "", ""
        try:
            owner = await actor(self)
            await services().drafts.save(owner, draft_of(self._form))
        except ImageRouteError as error:
            self._explain(error)
            return
        await self._requote(owner)

    async def _first_choice(self, owner: str, form: Form) -> Form:
        """Return the form with the choice of somebody who made none: Auto where that leads anywhere, else our own engine."""
        auto = fit_form(dataclasses.replace(form, model="auto", prompt=form.prompt or "."), services().routing.models())
        try:
            await services().routing.plan(owner, request_of(auto, self._own))
        except (NoRoute, InvalidInput):
            return form
        return dataclasses.replace(form, model=auto.model)

    async def _requote(self, owner: str) -> None:
        """Show the choices, who may take them and their price, and hold a quote as soon as there is something to quote."""
        self.quote_id, self.compare_ids = "", ""
        try:
            await self._show_source(owner)
            self._show_choices()
            await self._show_models(owner)
            await (self._quote_all(owner) if len(self.compare) > 1 else self._quote_one(owner))
        except NoRoute as error:
            self._explain_route(error)
        except ImageRouteError as error:
            self._explain(error)

    async def _request(self, owner: str) -> Request:
        """Return what the form asks for, with words in place of an empty prompt, so that it can be priced before."""
        form = fit_form(self._form, services().routing.models())
        words = form.prompt.strip() or ("" if form.task in TITLES else ".")
        priced = request_of(dataclasses.replace(form, prompt=words), self._own)
        return await services().jobs.drafted(owner, priced)

    async def _show_models(self, owner: str) -> None:
        """Show the picker's rows for this request, and the rule they are measured by."""
        request = await self._request(owner)
        offers = await services().routing.offers(owner, request)
        if (views := [model_view(offer) for offer in offers]) != self.models:  # a list is sent whole on every change
            self.models = views
        self._show_edit(request, [offer.model for offer in offers])
        fitting = sum(not view.closed for view in self.models)
        self.fits = f"{fitting} of {text.count(len(self.models), 'model')} {'fits' if fitting == 1 else 'fit'}."
        self.has_companies = any(offer.model.makes == "trainedAlgorithmicMedia" for offer in offers)
        self.checked = max((view.checked_on for view in self.models), default="")
        self.level, self.failover = request.rule.level.value, request.rule.failover.value
        self.rule_json, self.is_own_rule = self._form.rule, request.rule == self._own
        self.rule_line = rule_text(request.rule)

    def _show_edit(self, request: Request, models: list[Model]) -> None:
        """Show what is done with the picture, and the size that comes of it."""
        self.edit = edit_view(request, chosen_models(request, self.compare, models), models)
        self.count = request.count
        if task_of(request) not in FORM_SIZED:
            self.ratio, self.pixels = "Result", self.edit.size

    def _edit_closed(self, task: str) -> bool:
        """Say whether the chosen model cannot do a task."""
        return any(view.value == task for view in self.edit.closed)

    async def _quote_one(self, owner: str) -> None:
        """Show who gets the next picture and who next if that fails, with the price."""
        request = await self._request(owner)
        plan = await services().routing.plan(owner, request)
        self._show_plan(plan, request)
        self._show_price(plan.candidates[0].unit_credits, request.count)
        if lacking(request_of(fit_form(self._form, services().routing.models()), self._own)) is None:
            self._offer(await services().jobs.quote(owner, request))

    async def _quote_all(self, owner: str) -> None:
        """Show who gets a comparison and its price: every column by itself, and their sum."""
        form = dataclasses.replace(self._form, prompt=self._form.prompt.strip() or ".")
        firsts: list[Candidate] = []
        quote_ids: list[str] = []
        for asked in requests_of(form, self._own):
            request = await services().jobs.drafted(owner, asked)
            firsts.append((await services().routing.plan(owner, request)).candidates[0])
            if lacking(request) is None and self._form.prompt.strip():
                quote_ids.append((await services().jobs.quote(owner, request)).id)
        prices = [first.unit_credits * self.count for first in firsts]
        self.price, self.compare_ids = sum(prices), ",".join(quote_ids)
        self.unit = " + ".join(str(price) for price in prices)
        self.route, self.closed = [plan_stop(first, 0) for first in firsts], []
        self.model = compared_view([first.model for first in firsts])

    def _show_plan(self, plan: Plan, request: Request) -> None:
        first = plan.candidates[0].model
        self.model = next(view for view in self.models if view.key == first.key)
        self.route = [plan_stop(candidate, number) for number, candidate in enumerate(plan.candidates)]
        self.closed = [closed_view(closed) for closed in plan.closed]
        self.loosening, self._loosened = "", ""

    def _explain_route(self, error: NoRoute) -> None:
        """Say why nobody may draw this, for each, and the one change that would help."""
        self._explain(error)
        self.closed = [closed_view(closed) for closed in error.closed]
        self.route = []
        self.loosening = error.loosening.text if error.loosening else ""
        kept = [one for one in error.closed if one.code == "upload"]
        self.outlives = "A company may keep your upload longer than we do, as said above." if kept else ""
        self._loosened = rule_json(error.loosening.rule) if error.loosening else ""
        chosen = next((view for view in self.models if view.key == self._form.model), None)
        self.model = chosen or ModelView(name=self.mode or "Nobody", company="Nobody may draw this", letter="–")

    def _show_choices(self) -> None:
        form = fit_form(self._form, services().routing.models())
        shape = ratio_named(form.size)
        self.mode = MODES[form.model][1] if form.model in MODES else ""
        self.compare = compared(form)
        self.is_comparing = self.is_comparing or bool(self.compare)
        self.expand = form.expand
        if (form.task or Task.TEXT) in FORM_SIZED:  # another task's size follows from its picture
            self.ratio, self.pixels = shape.name, text.pixels(shape.width, shape.height)
        self.count, self.style, self.strength = int(form.count), dict(STYLES)[form.style], form.strength

    async def _show_source(self, owner: str) -> None:
        """Show the pictures that the form starts from; one that is gone meanwhile leaves it."""
        if self._form.source != self.source.id:
            self.source = await self._found_source(owner, self._form.source) or SourceView()
            self._form = dataclasses.replace(self._form, source=self.source.id)
        wanted = referenced(self._form) if self.source.id else ()
        if ",".join(wanted) != self.reference_ids:
            found = [await self._found_source(owner, one) for one in wanted]
            self.references = [view for view in found if view is not None]
            self.reference_ids = ",".join(view.id for view in self.references)
            self._form = dataclasses.replace(self._form, references=self.reference_ids)
        self.keeping = self._form.keeping

    async def _found_source(self, owner: str, source_id: str) -> SourceView | None:
        try:
            return source_view(await services().uploads.source(owner, source_id)) if source_id else None
        except NotFound:
            return None

    def _offer(self, quote: Quote) -> None:
        self.quote_id = quote.id
        self._show_price(quote.unit_credits, quote.request.count)

    def _show_price(self, unit: int, count: int) -> None:
        self.price = unit * count
        self.unit = f"{text.count(count, 'picture')} at {text.count(unit, 'credit')}"

    # --- Sending --------------------------------------------------------------------------------------------------------

    async def _send(self, owner: str, form_data: dict[str, str]) -> list[Job]:
        # A model that cannot take what was added is disabled in the picker, and a browser sends nothing of what is disabled.
        self._form = form_from({"model": self._form.model, **form_data})
        shown = whole(form_data.get("price", ""), "price", "The price was not shown yet. Press again.")
        await services().drafts.save(owner, draft_of(self._form))
        if len(compared(self._form)) > 1:
            requests = requests_of(self._form, self._own)
            quote_ids = form_data.get("compare_ids", "").split(",")
            return await services().jobs.compare(owner, requests, quote_ids=quote_ids, most_credits=shown)
        request = request_of(self._form, self._own)
        quote_id = form_data.get("quote_id", "")
        return [await services().jobs.send(owner, request, quote_id=quote_id, most_credits=shown)]

    async def _accepted(self, owner: str, jobs: list[Job]) -> None:
        """Show the jobs, and give the form its next quotes."""
        stage = await self.get_state(StageState)
        for job in jobs:
            await stage._show(owner, job)
        quotes = [await services().jobs.next_quote(owner, job.request, after_job=job.id) for job in jobs]
        if len(quotes) > 1:
            self.compare_ids = ",".join(quote.id for quote in quotes)
        else:
            self._offer(quotes[0])
        await services().drafts.save(owner, draft_of(self._form))
        self.earlier = earlier_prompts(await services().jobs.recent(owner, limit=EARLIER_JOBS), EARLIER_MAX)

    async def _refused(self, error: ImageRouteError) -> None:
        """Say why nothing was sent, beside the form that kept everything; show today's price."""
        owner = await actor(self)
        await (await self.get_state(SessionState))._load_balance(owner)
        if not isinstance(error, InvalidInput):
            await self._requote(owner)
        self._explain_route(error) if isinstance(error, NoRoute) else self._explain(error)

    def _explain(self, error: ImageRouteError) -> None:
        self.problem = error.message
        self.problem_field = error.field if isinstance(error, InvalidInput) else error.code

    # --- Loading --------------------------------------------------------------------------------------------------------

    async def _load_jobs(self, owner: str) -> None:
        stage = await self.get_state(StageState)
        await stage._load(owner)
        self.earlier = earlier_prompts(await services().jobs.recent(owner, limit=EARLIER_JOBS), EARLIER_MAX)
        self.examples = [] if stage._jobs else [await self._example(owner, form) for form in EXAMPLES]

    async def _example(self, owner: str, form: Form) -> ExampleView:
        """Quote an example on our own engine: it costs the least and needs no proven address."""
        models = services().routing.models()
        request = request_of(fit_form(dataclasses.replace(form, model=models[0].key), models), self._own)
        return example_view(await services().jobs.quote(owner, request), models[0])
