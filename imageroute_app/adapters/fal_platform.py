"""Erasing at fal what it keeps of a job, by its platform API (docs.fal.ai/platform-apis/v1/models/requests, 2026-11-27).

Principle: an answer is not believed where it can be checked. Each file that fal names is looked for at its public address.
A file that was sent to it as a link of its own would stay; we send pictures inside the request. Whether it copies those is not
documented: the lifetime that every request names covers its files.
"""

from urllib.parse import quote

from imageroute_app.adapters.answers import rejected
from imageroute_app.adapters.http import Answer, VendorHttp
from imageroute_app.domain.ports import ErrorKind, Forgotten, ProviderError

PLATFORM = "https://api.fal.ai"
STAYS = "The provider still has a file of this job."


async def forget(http: VendorHttp, origin: str, job_id: str) -> Forgotten:
    """Erase payloads and files of a job; the key must be one of scope ADMIN. Raises ProviderError."""
    answer = await http.delete(f"{origin}/v1/models/requests/{quote(job_id, safe='')}/payloads")
    if answer.status in (401, 403):
        return "refused"
    if answer.status == 404:
        return "not_there"
    if not answer.is_ok:
        raise rejected(answer, paid=False)
    links = _links(answer)
    for link in links:
        if not await http.is_gone(link):
            raise ProviderError(ErrorKind.TRANSIENT, STAYS)
    return "erased" if links else "not_there"


def _links(answer: Answer) -> list[str]:
    found = answer.at("cdn_delete_results")
    links = [answer.text("cdn_delete_results", number, "link") for number in range(len(found or ()))]
    return [link for link in links if link]
