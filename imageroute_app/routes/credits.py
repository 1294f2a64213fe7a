"""/credits: buying credits, orders with their receipts and refunds, the statement of a month, limits of spending.

Plain pages and native forms. Principle: whoever leaves for a seller's page has seen what it costs and who gets what, and
whoever comes back sees what we know, not what the address says.
"""

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from imageroute_app.domain.accounts import Session
from imageroute_app.domain.errors import ImageRouteError, NotFound
from imageroute_app.domain.money import money
from imageroute_app.domain.payments import Order, Payment
from imageroute_app.domain.purposes import Purpose
from imageroute_app.domain.settlement import OrderState
from imageroute_app.routes.answers import answer_to, note
from imageroute_app.routes.confirm import PASSWORD, Act, confirmed
from imageroute_app.routes.forms import Form, read_form
from imageroute_app.routes.pagekit import NO_STORE, CurrentServices, render
from imageroute_app.routes.session import owner_of, see_other
from imageroute_app.services.house import Services

BUY, ORDERS, STATEMENT, LIMITS = "/credits", "/credits/orders", "/credits/statement", "/credits/limits"
WAIT_S, WAIT_STEP_S = 4.0, 0.4
"""How long the way back waits for word of the payment before it says that there is none yet."""
LIMIT_FIELDS = ("per_job", "per_day", "low_balance")
STATES = {
    OrderState.OPEN: "Not paid yet",
    OrderState.PENDING: "Waiting for the payment service",
    OrderState.PAID: "Paid",
    OrderState.FAILED: "Payment failed",
    OrderState.CANCELLED: "Cancelled",
    OrderState.EXPIRED: "Expired, not paid",
    OrderState.PARTLY_REFUNDED: "Partly refunded",
    OrderState.REFUNDED: "Refunded",
    OrderState.DISPUTED: "Disputed at the bank",
    OrderState.LOST: "Taken back by the bank",
}


class CreditPages:
    """The pages; every one needs a live session and shows only its owner's."""

    def __init__(self, current: CurrentServices) -> None:
        self._current = current

    # --- Buying -------------------------------------------------------------------------------------------------------

    async def show(self, request: Request) -> Response:
        """Show what can be bought, from whom, and what the seller gets."""
        services = self._current()
        return await _shop(request, services, await owner_of(request, services), Form())

    async def buy(self, request: Request) -> Response:
        """Open an order and show where it can be paid."""
        services = self._current()
        owner = await owner_of(request, services)
        form = await read_form(request, "pack")
        try:
            order = await services.billing.checkouts.buy(owner, form.get("pack"))
        except ImageRouteError as error:
            note(form, error)
            return await _shop(request, services, owner, form, error)
        return see_other(f"{ORDERS}/{order.id}")

    # --- Orders -------------------------------------------------------------------------------------------------------

    async def orders(self, request: Request) -> Response:
        """List the orders."""
        services = self._current()
        owner = await owner_of(request, services)
        found = await services.billing.checkouts.orders(owner, purpose=Purpose.PAYMENT, limit=200)
        rows = [(order, STATES[order.state], money(order.price_minor, order.currency)) for order in found]
        return render(request, services, "credits_orders.html", rows=rows, seller=services.billing.seller)

    async def order(self, request: Request) -> Response:
        """Show one order: where to pay it, its receipt, its refund. Waits a little for word of a payment just made."""
        services = self._current()
        owner = await owner_of(request, services)
        order = await services.billing.checkouts.order(owner, request.path_params["order_id"])
        if order.state.is_waiting and request.query_params:  # the seller's page came back with words we do not believe
            order = await _waited(services, order)
        return await _bill(request, services, order, Form())

    async def refund(self, request: Request) -> Response:
        """Give unused credits back, after the password."""
        services = self._current()
        form = await read_form(request, "amount", PASSWORD)
        order_id = request.path_params["order_id"]
        act = Act(
            heading="Refund unused credits",
            meaning="The credits leave your balance now, and their price goes back to where you paid from.",
            button="Refund",
            back=f"{ORDERS}/{order_id}",
        )
        session = await confirmed(request, services, form, act)
        if not isinstance(session, Session):
            return session
        order = await services.billing.checkouts.order(session.owner, order_id)
        amount = form.get("amount")
        try:
            wanted = int(amount) if amount.isascii() and amount.isdigit() and len(amount) < 13 else 0
            await services.billing.refunds.refund(session.owner, order_id, amount_minor=wanted)
        except ImageRouteError as error:
            note(form, error)
            return await _bill(request, services, order, form, error)
        return see_other(f"{ORDERS}/{order_id}")

    async def invoice(self, request: Request) -> Response:
        """Hand out the seller's invoice."""
        services = self._current()
        owner = await owner_of(request, services)
        order = await services.billing.checkouts.order(owner, request.path_params["order_id"])
        paid = [one for one in await _payments(services, order) if one.state.is_paid]
        if not paid:
            raise NotFound
        data = await services.billing.checkouts.invoice(owner, paid[0])
        headers = {**NO_STORE, "Content-Disposition": f'attachment; filename="invoice-{order.number}.pdf"'}
        return Response(data, media_type="application/pdf", headers=headers)

    async def portal(self, request: Request) -> Response:
        """Show the way to the seller's own page about this person; a press on it leaves ours."""
        services = self._current()
        link = await services.billing.checkouts.portal(await owner_of(request, services))
        return render(request, services, "credits_portal.html", link=link, seller=services.billing.seller)

    # --- Statement and limits -----------------------------------------------------------------------------------------

    async def statement(self, request: Request) -> Response:
        """Show what came and went in a month."""
        services = self._current()
        owner = await owner_of(request, services)
        month = services.spending.month(request.query_params.get("month", ""))
        return render(
            request,
            services,
            "credits_statement.html",
            title=f"{month.begins:%B %Y}",
            month=month,
            found=await services.spending.statement(owner, month.begins, month.ends),
            lines=await services.spending.entries(owner, month.begins, month.ends),
        )

    async def limits(self, request: Request) -> Response:
        """Show the limits."""
        services = self._current()
        owner = await owner_of(request, services)
        guard = await services.spending.guard(owner)
        values = {name: str(getattr(guard, name) or "") for name in LIMIT_FIELDS}
        return await _limits(request, services, owner, Form(values=values))

    async def set_limits(self, request: Request) -> Response:
        """Set the limits."""
        services = self._current()
        owner = await owner_of(request, services)
        form = await read_form(request, *LIMIT_FIELDS)
        try:
            await services.spending.set_guard(owner, **{name: form.get(name) for name in LIMIT_FIELDS})
        except ImageRouteError as error:
            note(form, error)
            return await _limits(request, services, owner, form, error)
        return see_other(f"{LIMITS}?done=limits")

    def routes(self) -> list[Route]:
        """Return the pages (GET) and the forms (POST)."""
        one = ORDERS + "/{order_id}"
        return [
            Route(BUY, self.show, methods=["GET"]),
            Route(BUY, self.buy, methods=["POST"]),
            Route(ORDERS, self.orders, methods=["GET"]),
            Route("/credits/portal", self.portal, methods=["GET"]),
            Route(one, self.order, methods=["GET"]),
            Route(one + "/refund", self.refund, methods=["POST"]),
            Route(one + "/invoice", self.invoice, methods=["GET"]),
            Route(STATEMENT, self.statement, methods=["GET"]),
            Route(LIMITS, self.limits, methods=["GET"]),
            Route(LIMITS, self.set_limits, methods=["POST"]),
        ]


async def _shop(
    request: Request, services: Services, owner: str, form: Form, error: ImageRouteError | None = None
) -> Response:
    checkouts = services.billing.checkouts
    packs = [(pack, money(pack.price_minor, pack.currency)) for pack in checkouts.packs]
    return render(
        request,
        services,
        "credits.html",
        form=form,
        packs=packs,
        seller=services.billing.seller,
        balance=(await services.jobs.balance(owner)).available,
        is_frozen=not await services.gate.may(owner, Purpose.PAYMENT),
        **answer_to(error),
    )


async def _waited(services: Services, order: Order) -> Order:
    """Return the order once word of its payment came, or as it is when that takes too long."""
    checkouts = services.billing.checkouts
    async with asyncio.TaskGroup() as group:
        group.create_task(_asked(services, order))
        for _ in range(int(WAIT_S / WAIT_STEP_S)):
            order = await checkouts.order(order.owner, order.id)
            if not order.state.is_waiting:
                break
            await asyncio.sleep(WAIT_STEP_S)
    return await checkouts.order(order.owner, order.id)


async def _asked(services: Services, order: Order) -> None:
    try:
        await services.billing.checkouts.look(order)
    except ImageRouteError:
        return  # the message will tell, or the next sweep


async def _payments(services: Services, order: Order) -> list[Payment]:
    return await services.billing.checkouts.payments(order.owner, purpose=Purpose.PAYMENT, order_id=order.id)


async def _bill(
    request: Request, services: Services, order: Order, form: Form, error: ImageRouteError | None = None
) -> Response:
    offer = (await services.billing.refunds.offer(order.owner, order.id)).what
    payments = [
        {
            "row": one,
            "state": STATES[one.state],
            "total": money(one.total_minor, one.currency),
            "tax": money(one.tax_minor, one.currency),
            "refunded": money(one.standing.refunded_minor, one.currency) if one.standing.refunded_minor else "",
            "refunding": money(one.standing.refunding_minor, one.currency) if one.standing.refunding_minor else "",
        }
        for one in await _payments(services, order)
    ]
    currency = payments[0]["row"].currency if payments else order.currency
    return render(
        request,
        services,
        "credits_order.html",
        form=form,
        order=order,
        state=STATES[order.state],
        price=money(order.price_minor, order.currency),
        payments=payments,
        offer=offer,
        offered=money(offer.amount_minor, currency),
        seller=services.billing.seller,
        came_back=bool(request.query_params),
        **answer_to(error),
    )


async def _limits(
    request: Request, services: Services, owner: str, form: Form, error: ImageRouteError | None = None
) -> Response:
    done = "Your limits are saved." if request.query_params.get("done") == "limits" and error is None else ""
    today = await services.spending.today(owner)
    return render(request, services, "credits_limits.html", form=form, today=today, done=done, **answer_to(error))
