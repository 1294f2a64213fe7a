"""Following a notice over HTTP: seen by its person, not there for anyone else."""

from tests.routes.conftest import House


async def test_following_a_notice_marks_it_and_leads_to_its_page(house: House) -> None:
    ada = await house.signed_up()
    owner = await house.owner(ada)
    notice = await house.services.notices.tell(owner, "a", "An upload goes soon.", "/uploads")

    stranger = await (await house.browser()).get(f"/notices/{notice.id}")
    answer = await ada.get(f"/notices/{notice.id}")
    gone = await ada.get("/notices/none")

    assert stranger.status_code in (303, 401)
    assert (answer.status_code, answer.headers["location"]) == (303, "/uploads")
    assert gone.headers["location"] == "/notices"
    assert await house.services.notices.unread(owner) == []
