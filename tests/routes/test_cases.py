"""The pages of cases as a browser without script sees them: asking, following, reporting, and the desk of operators."""

import re
from collections.abc import Mapping
from dataclasses import replace

import httpx
import pytest

from imageroute_app.domain.accounts import Lock
from imageroute_app.domain.authorities import LIST_URL
from imageroute_app.domain.erasures import ErasureStep, Phase, StepState, System
from imageroute_app.domain.ports import Query
from tests.contracts import records
from tests.doubles import png
from tests.routes.conftest import PASSWORD, House

ASK = {"text": "Where is my picture?", "contact": "guest@example.com"}
HOSTILE = "<script>alert(1)</script> \x00 {{ 7*7 }}"


def code_on(answer: httpx.Response) -> str:
    found = re.search(r'class="code mono"[^>]*>([^<]+)<', answer.text)
    assert found, answer.text
    return found[1]


async def operator(house: House) -> httpx.AsyncClient:
    """Return the browser of Olga, whose address is proven."""
    olga = await house.signed_up("olga")
    token = (await house.link("Confirm your email")).partition("token=")[2]
    await house.services.accounts.verify_email(token)
    return olga


async def references(olga: httpx.AsyncClient) -> list[str]:
    return re.findall(r"/admin/cases/(C-[0-9A-Z]+)", (await olga.get("/admin")).text)


async def do(olga: httpx.AsyncClient, reference: str, act: str, **form: str) -> httpx.Response:
    return await olga.post(f"/admin/cases/{reference}", data={"act": act, **form})


@pytest.mark.parametrize("path", ["/support", "/complaint", "/requests", "/report", "/cases"])
async def test_pages_need_no_account_script_or_cookie(browser: httpx.AsyncClient, path: str) -> None:
    answer = await browser.get(path)
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert f'<form class="ask" action="{path}" method="post"' in answer.text


@pytest.mark.promise("P5", "P53")
@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/support", {"request_id": "0123abcd"}),
        ("/complaint", {"country": "DE"}),
        ("/requests", {"kind": "access", "country": "US"}),
        ("/report", {"kind": "abuse", "account": "https://example.org/there"}),
    ],
)
async def test_case_without_an_account_is_followed_and_written_to_by_its_code(
    browser: httpx.AsyncClient, path: str, form: Mapping[str, str]
) -> None:
    opened = await browser.post(path, data={**ASK, **form}, files={"file": ("a.png", png(), "image/png")})
    assert opened.status_code == 200, opened.text
    code = code_on(opened)
    page = await browser.post("/cases", data={"code": code.lower()})
    assert ASK["text"] in page.text
    assert page.headers["cache-control"] == "private, no-store"
    again = await browser.post("/cases", data={"code": code, "act": "write", "text": HOSTILE})
    assert "&lt;script&gt;" in again.text
    assert "<script>alert" not in again.text
    assert "\x00" not in again.text


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"text": "", "contact": "a@example.com"}, 422),
        ({"text": "x" * 5001, "contact": "a@example.com"}, 422),
        ({"text": "x" * 70_000, "contact": "a@example.com"}, 400),
        ({"text": "Hello", "contact": "nobody"}, 422),
        ({"text": "Hello"}, 422),
        ({"text": "Hello", "contact": "a@example.com\r\nBcc: b@example.com"}, 422),
    ],
)
async def test_what_cannot_be_used_is_said_and_opens_nothing(
    house: House, browser: httpx.AsyncClient, form: dict[str, str], status: int
) -> None:
    answer = await browser.post("/support", data=form, files={"file": ("", b"")})
    assert answer.status_code == status
    assert await house.services.office.desk.queue() == []


@pytest.mark.parametrize("data", [b"\x00\x01", b"%PDF-1.7 \xff", b"\x89PNG\r\n\x1a\n and no more"])
async def test_file_that_is_neither_picture_nor_text_is_refused(browser: httpx.AsyncClient, data: bytes) -> None:
    answer = await browser.post("/support", data=ASK, files={"file": ("a.png", data, "image/png")})
    assert answer.status_code == 422
    assert "plain text file" in answer.text


async def test_unknown_kind_is_refused(browser: httpx.AsyncClient) -> None:
    for path, kind in (("/requests", "ticket"), ("/requests", ""), ("/report", "legal"), ("/support", "breach")):
        answer = await browser.post(path, data={**ASK, "kind": kind})
        assert answer.status_code == 422, path


async def test_wrong_codes_find_nothing_and_are_tried_only_so_often(house: House, browser: httpx.AsyncClient) -> None:
    ada = await house.signed_up("ada")
    await ada.post("/support", data={"text": "My secret"})
    (case,) = await house.services.office.desk.queue()
    for code in ("", case.id, case.reference, case.code_hash, "\u0000"):
        answer = await browser.post("/cases", data={"code": code})
        assert answer.status_code == 404
        assert "secret" not in answer.text
    for _ in range(26):
        answer = await browser.post("/cases", data={"code": "AAAA-AAAA-AAAA-AAAA-AAAA"})
    assert answer.status_code == 429


@pytest.mark.promise("P32")
async def test_nobody_sees_or_writes_to_the_case_of_another(house: House, browser: httpx.AsyncClient) -> None:
    ada, bo = await house.signed_up("ada"), await house.signed_up("bo")
    sent = await ada.post("/support", data={"text": "My secret"}, files={"file": ("a.txt", b"words")})
    assert sent.status_code == 303
    path = sent.headers["location"]
    own = await ada.get(path)
    assert "My secret" in own.text
    file = re.search(r'href="(/cases/[^"]+)" download', own.text)
    assert file
    got = await ada.get(file[1])
    assert got.content == b"words"
    assert got.headers["content-disposition"].startswith("attachment")
    for other, status in ((bo, 404), (browser, 401)):
        assert (await other.get(path)).status_code == status
        assert (await other.get(file[1])).status_code == status
        assert (await other.post(path, data={"text": "Hello"})).status_code == status


@pytest.mark.promise("P71")
async def test_complaint_page_names_the_likely_authority_and_the_list(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/complaint", headers={"Accept-Language": "de-DE"})
    assert "BfDI" in answer.text.partition("All countries")[0]
    assert LIST_URL in answer.text
    for link in re.findall(r"<a href=\"https?://[^>]+>", answer.text):
        assert "noopener noreferrer" in link


@pytest.mark.promise("P66")
async def test_mailed_code_proves_the_address(house: House, browser: httpx.AsyncClient) -> None:
    opened = await browser.post("/requests", data={**ASK, "kind": "access"})
    code = code_on(opened)
    page = await browser.post("/cases", data={"code": code})
    assert "Code from our mail" in page.text
    wrong = await browser.post("/cases", data={"code": code, "act": "prove", "proof": code})
    assert wrong.status_code == 422
    assert house.services.outbox is not None
    (letter,) = [letter for letter in await house.services.outbox() if letter.to == "guest@example.com"]
    proof = letter.text.partition("our mail: ")[2].split()[0]
    page = await browser.post("/cases", data={"code": code, "act": "prove", "proof": proof})
    assert page.status_code == 200
    assert "Code from our mail" not in page.text
    assert "What we hold under your address" in page.text
    file = await browser.post("/cases", data={"code": code, "act": "package"})
    assert (file.headers["content-type"], file.content[:2]) == ("application/zip", b"PK")
    assert file.headers["content-disposition"].startswith("attachment")
    assert file.headers["cache-control"] == "private, no-store"
    other = code_on(await browser.post("/requests", data={**ASK, "kind": "access"}))
    refused = await browser.post("/cases", data={"code": other, "act": "package"})
    assert (refused.status_code, "code from our mail first" in refused.text) == (403, True)


async def test_case_can_be_taken_into_the_account(house: House, browser: httpx.AsyncClient) -> None:
    code = code_on(await browser.post("/support", data=ASK))
    assert (await browser.post("/cases", data={"code": code, "act": "claim"})).status_code == 401
    ada = await house.signed_up("ada")
    assert "Add to my account" in (await ada.post("/cases", data={"code": code})).text
    taken = await ada.post("/cases", data={"code": code, "act": "claim"})
    assert taken.status_code == 303
    assert ASK["text"] in (await ada.get(taken.headers["location"])).text


# --- The desk ---------------------------------------------------------------------------------------------------------


@pytest.mark.promise("P32")
async def test_the_desk_is_not_there_for_others(house: House, browser: httpx.AsyncClient) -> None:
    ada = await house.signed_up("ada")
    await ada.post("/support", data={"text": "Hello"})
    (case,) = await house.services.office.desk.queue()
    for path in ("/admin", "/admin/entry?kind=breach", f"/admin/cases/{case.reference}"):
        assert (await ada.get(path)).status_code == 404
        assert (await ada.post(path)).status_code == 404
        assert (await browser.get(path)).status_code == 401
    unproven = await house.signed_up("olga")
    assert (await unproven.get("/admin")).status_code == 403


@pytest.mark.promise("P30", "P32")
async def test_the_desk_asks_for_the_password_after_ten_minutes(house: House) -> None:
    olga = await operator(house)
    assert (await olga.get("/admin")).status_code == 200
    house.clock.move(minutes=10, seconds=1)
    asked = await olga.get("/admin")
    assert asked.status_code == 403
    assert "Your password" in asked.text
    assert (await olga.post("/admin", data={"current_password": "wrong word"})).status_code == 422
    assert "Open cases" in (await olga.post("/admin", data={"current_password": PASSWORD})).text
    assert (await olga.get("/admin")).status_code == 200


@pytest.mark.promise("P32")
async def test_queue_holds_no_words_and_a_look_needs_its_reason(house: House) -> None:
    ada, olga = await house.signed_up("ada"), await operator(house)
    await ada.post("/support", data={"text": "My secret"})
    queue = await olga.get("/admin")
    owner = await house.owner(ada)
    for word in ("secret", "ada@example.com", "Lovelace", owner):
        assert word not in queue.text
    (reference,) = await references(olga)
    path = f"/admin/cases/{reference}"
    assert "secret" not in (await olga.get(path)).text
    refused = await do(olga, reference, "decide", outcome="solved", text="Here")
    assert refused.status_code == 403
    assert (await do(olga, reference, "look", reason=" ")).status_code == 422
    assert (await do(olga, reference, "look", reason="To answer")).status_code == 303
    assert "secret" in (await olga.get(path)).text
    (look,) = await house.services.office.desk.looks_at(owner)
    assert look.reason == "To answer"


@pytest.mark.promise("P51")
async def test_refusal_shows_what_is_missing_and_reaches_the_person_whole(house: House) -> None:
    ada, olga = await house.signed_up("ada"), await operator(house)
    mine = (await ada.post("/requests", data={"kind": "erase", "text": "All of it"})).headers["location"]
    (reference,) = await references(olga)
    await do(olga, reference, "look", reason="To answer")
    page = (await olga.get(f"/admin/cases/{reference}")).text
    assert "Information Commissioner" in page  # filled in for a person in Great Britain
    refusal = {"outcome": "refused", "text": "We cannot.", "complaint_route": "The ICO", "court_route": "A court"}
    assert (await do(olga, reference, "decide", **refusal)).status_code == 422
    assert (await do(olga, reference, "decide", **refusal, reasons="A claim is open.")).status_code == 303
    told = (await ada.get(mine)).text
    for words in ("We cannot.", "A claim is open.", "The ICO", "A court", "Refused"):
        assert words in told


@pytest.mark.promise("P47", "P53")
async def test_a_granted_erasure_is_followed_from_the_case_and_not_called_done(house: House) -> None:
    ada, olga = await house.signed_up("ada"), await operator(house)
    mine = (await ada.post("/requests", data={"kind": "erase", "text": "All of it"})).headers["location"]
    (reference,) = await references(olga)
    await do(olga, reference, "look", reason="To answer")
    assert "can call it off" in (await olga.get(f"/admin/cases/{reference}")).text
    assert (await do(olga, reference, "decide", outcome="granted", text="As you ask.")).status_code == 303
    again = await ada.post(
        "/auth/sign-in", data={"email": "ada@example.com", "password": PASSWORD}
    )  # it was signed out
    assert again.status_code == 303, again.text
    page = await ada.get(mine)
    assert "To be erased on 2 December 2026" in page.text
    assert ">Done<" not in page.text
    stands = re.search(r'href="(/erasure/[0-9a-f]+)"', page.text)
    assert stands
    assert "only stores" in (await ada.get(stands[1])).text
    assert "/erasure/" not in (await olga.get(f"/admin/cases/{reference}")).text.partition("What was written")[0]


@pytest.mark.promise("P66")
async def test_extension_moves_the_date_that_the_person_sees(house: House) -> None:
    ada, olga = await house.signed_up("ada"), await operator(house)
    mine = (await ada.post("/requests", data={"kind": "access", "text": "All"})).headers["location"]
    assert "25 December 2026" in (await ada.get(mine)).text
    (reference,) = await references(olga)
    await do(olga, reference, "look", reason="To answer")
    assert (await do(olga, reference, "extend", reason=" ")).status_code == 422
    assert (await do(olga, reference, "extend", reason="Many records")).status_code == 303
    page = (await ada.get(mine)).text
    assert "25 February 2027" in page
    assert "Many records" in page


@pytest.mark.promise("P59")
@pytest.mark.parametrize("act", ["confirm_child", "dismiss_child"])
async def test_child_report_locks_and_ends_at_the_desk(house: House, browser: httpx.AsyncClient, act: str) -> None:
    kid, olga = await house.signed_up("kid"), await operator(house)
    owner = await house.owner(kid)
    form = {"kind": "child", "account": "KID@example.com", "text": "In my class", "contact": "mum@example.com"}
    opened = await browser.post("/report", data=form)
    person = await house.services.accounts.person(owner)
    assert person.locked_for is Lock.CHILD_REPORT
    (reference,) = await references(olga)
    await do(olga, reference, "look", reason="To review")
    assert (await do(olga, reference, act)).status_code == 303
    people = house.services.database.tables.people
    if act == "confirm_child":
        assert await people.by_key("email_key", "kid@example.com") is None
        assert (await kid.get(f"/cases/{owner}")).status_code == 401
    else:
        assert (await house.services.accounts.person(owner)).locked_for is Lock.OPEN
    followed = await browser.post("/cases", data={"code": code_on(opened)})
    assert "Thank you." in followed.text
    assert "In my class" not in followed.text


@pytest.mark.promise("P76")
async def test_breach_drill_at_the_desk_lists_the_affected(house: House) -> None:
    ada, olga = await house.signed_up("ada"), await operator(house)
    await ada.post("/support", data={"text": "Hello"})
    owner = await house.owner(ada)
    form = {"kind": "breach", "text": "A drill", "categories": "Requests and messages", "is_drill": "yes"}
    assert (await olga.post("/admin/entry", data={**form, "until": "soon"})).status_code == 422
    made = await olga.post("/admin/entry", data={**form, "until": "2100-01-01 00:00"})
    assert made.status_code == 303
    await olga.post(made.headers["location"], data={"act": "look", "reason": "Drill"})
    page = (await olga.get(made.headers["location"])).text
    assert "1 affected" in page
    assert owner in page
    assert (await olga.post(made.headers["location"], data={"act": "authority_told"})).status_code == 303


@pytest.mark.promise("P26", "P41")
async def test_registers_of_authorities_and_ownership_tell_people(house: House) -> None:
    ada, olga = await house.signed_up("ada"), await operator(house)
    owner = await house.owner(ada)
    legal = {"kind": "legal", "text": "A letter", "authority": "Court", "statute": "Law", "scope": "Address"}
    assert (await olga.post("/admin/entry", data={**legal, "account": "ada@example.com"})).status_code == 303
    ownership = {"kind": "ownership", "text": "Sale", "new_owner": "Example Co."}
    assert (await olga.post("/admin/entry", data=ownership)).status_code == 303
    assert await house.services.database.tables.notices.count(Query(owner=owner)) == 2
    for kind in ("legal", "breach", "ownership"):
        assert (await olga.get(f"/admin/entry?kind={kind}")).status_code == 200
    assert (await olga.get("/admin/entry?kind=ticket")).status_code == 404


@pytest.mark.promise("P47")
async def test_answer_of_a_company_is_noted_at_the_desk_and_stands_on_the_receipt(house: House) -> None:
    ada, olga = await house.signed_up("ada"), await operator(house)
    tables, now = house.services.database.tables, house.clock()
    erasure = replace(
        records.MADE["erasures"](), id="e" * 32, owner="e" * 32, code="c" * 32, phase=Phase.RETAINED, version=0
    )
    await tables.erasures.add(erasure)
    await tables.erasure_steps.add(
        ErasureStep(
            id="0" * 22 + "abcdef0123", owner="e" * 32, place=0, system=System.PAYMENTS, label="Payment service",
            state=StepState.MANUAL, detail="Asked", at=now, next_at=now,
        )
    )  # fmt: skip
    path = "/admin/answers?number=N-ABCDEF0123"
    assert (await ada.get(path)).status_code == 404
    assert path in (await olga.get("/admin")).text
    assert "Asked" in (await olga.get(path)).text
    form = {"number": "N-ABCDEF0123", "answer": "keeps", "until": "2036-12-31 00:00"}
    unsaid = await olga.post("/admin/answers", data=form)
    assert unsaid.status_code == 422
    assert "Say which law" in unsaid.text
    assert (await olga.post("/admin/answers", data={**form, "reason": "invoices"})).status_code == 303
    assert "N-ABCDEF0123" not in (await olga.get("/admin")).text
    receipt = (await ada.get(f"/erasure/{erasure.code}")).text
    assert "it keeps a part: invoices" in receipt
    assert "31 Dec 2036" in receipt
