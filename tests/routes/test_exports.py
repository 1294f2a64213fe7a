"""Archives over HTTP: whole, resumed from anywhere, opened by three tools, and nobody else's."""

import asyncio
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow

from imageroute_app.adapters.backups.strongbox import KeyStrongbox
from imageroute_app.adapters.imaging.picture import finish_picture
from imageroute_app.domain.errors import Conflict, InvalidInput
from imageroute_app.domain.gallery import Image, media_key
from imageroute_app.domain.pictures import Marking
from imageroute_app.domain.sharing import Archive, ArchiveState
from imageroute_app.services import archive_build, archive_stream, archives
from imageroute_app.services.archive_words import Changed
from imageroute_app.services.archives import Choice
from tests.doubles import png
from tests.routes.conftest import House

PROMPTS = ("a fern at dawn", "A FERN at dawn", "../../etc/passwd", "灯台 🙂", "", "CON", "fern; rm -rf /")


async def add_picture(house: House, owner: str, prompt: str, data: bytes, *, crc: bool = True) -> Image:
    """Put a picture with its bytes into a gallery."""
    bare = await house.add_image(owner, prompt)
    image = replace(
        bare,
        size_bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        crc32=zlib.crc32(data) if crc else 0,
    )
    await house.services.media.put(media_key(owner, image.id, "original"), data, image.mime)
    return await house.services.database.tables.images.update(image)


async def fill(house: House, owner: str) -> list[Image]:
    """Add pictures of different sizes, one without a known checksum."""
    return [
        await add_picture(house, owner, prompt, png("teal", (64 + number, 48)) + b"x" * number * 997, crc=number != 3)
        for number, prompt in enumerate(PROMPTS)
    ]


async def archived(house: House, owner: str, images: Sequence[Image], title: str = "Everything") -> Archive:
    return await house.services.archives.create(owner, [image.id for image in images], Choice(), title=title)


def opened(data: bytes) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(data))


@pytest.mark.promise("P45")
async def test_an_archive_holds_every_picture_with_its_recipe(house: House) -> None:
    client = await house.signed_up()
    owner = await house.owner(client)
    images = await fill(house, owner)
    archive = await archived(house, owner, images)
    assert (archive.state, archive.done, archive.gaps) == (ArchiveState.READY, len(images), ())
    answer = await client.get(f"/exports/{archive.id}")
    assert answer.status_code == 200
    assert int(answer.headers["content-length"]) == len(answer.content) == archive.size_bytes
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"].endswith('.zip"')
    with opened(answer.content) as found:
        assert found.testzip() is None
        names = found.namelist()
        pictures = [name for name in names if name.endswith(".png")]
        assert len(pictures) == len(images)
        assert len({name.casefold() for name in names}) == len(names)
        assert not any("/" in name or ".." in name for name in names)
        for name, image in zip(pictures, images, strict=True):
            assert hashlib.sha256(found.read(name)).hexdigest() == image.sha256
            recipe = json.loads(found.read(name.removesuffix(".png") + ".json"))
            assert (recipe["prompt"], recipe["seed"], recipe["receipt"]) == (image.prompt, 7, image.job_id)
            assert recipe["original"]["sha256"] == image.sha256
            assert recipe["marking"]["digital_source_type"].endswith("/algorithmicMedia")
        manifest = json.loads(found.read("manifest.json"))
        assert (manifest["pictures"], manifest["asked_for"], manifest["missing"]) == (len(images), len(images), [])
        digests = found.read("manifest-sha256.txt").decode()
        assert digests.splitlines() == [f"{i.sha256}  {name}" for i, name in zip(images, pictures, strict=True)]


@pytest.mark.promise("P45")
async def test_other_tools_open_it_and_verify_every_file(house: House, tmp_path: Path) -> None:
    client = await house.signed_up()
    owner = await house.owner(client)
    archive = await archived(house, owner, await fill(house, owner))
    target = tmp_path / "a.zip"
    target.write_bytes((await client.get(f"/exports/{archive.id}")).content)
    tools = {
        "unzip": ["unzip", "-tqq", str(target)],
        "bsdtar": ["bsdtar", "-tf", str(target)],
        "7z": ["7z", "t", str(target)],
        "zipfile": [sys.executable, "-m", "zipfile", "-t", str(target)],
    }
    ran = [name for name, command in tools.items() if shutil.which(command[0])]
    for name in ran:
        await asyncio.to_thread(subprocess.run, tools[name], check=True, capture_output=True, timeout=30)
    assert len(ran) >= 2, "install unzip or libarchive-tools (tests/install_tools.sh)"
    folder = tmp_path / "out"
    opened(target.read_bytes()).extractall(folder)
    checked = await asyncio.to_thread(
        subprocess.run,
        ["sha256sum", "-c", "--quiet", "manifest-sha256.txt"],
        cwd=folder,
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr


@pytest.mark.promise("P45")
async def test_cut_anywhere_it_goes_on_to_the_same_bytes(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_stream, "BATCH_BYTES", 2000)
    monkeypatch.setattr(archive_stream, "PIECE_BYTES", 1500)
    monkeypatch.setattr(archive_stream, "LARGE_BYTES", 5000)
    for module in (archive_build, archive_stream):
        monkeypatch.setattr(module, "PAGE", 3)
        monkeypatch.setattr(module, "REST_BYTES", 400)
    client = await house.signed_up()
    owner = await house.owner(client)
    archive = await archived(house, owner, await fill(house, owner))
    address = f"/exports/{archive.id}"
    whole = await client.get(address)
    etag, size = whole.headers["etag"], len(whole.content)
    assert opened(whole.content).testzip() is None

    async def check(cut: int) -> None:
        headers = {"range": f"bytes={cut}-", "if-range": etag}
        rest = await client.get(address, headers=headers)
        assert rest.status_code == 206
        assert rest.headers["content-range"] == f"bytes {cut}-{size - 1}/{size}"
        assert rest.content == whole.content[cut:], cut

    for cut in sorted({0, 1, size - 1, *range(0, size, size // 60)}):
        await check(cut)
    middle = await client.get(address, headers={"range": f"bytes={size // 3}-{size // 2}"})
    assert middle.content == whole.content[size // 3 : size // 2 + 1]
    assert (await client.get(address, headers={"range": f"bytes={size}-"})).status_code == 416


@given(pieces=st.lists(st.integers(1, 40_000), min_size=1, max_size=12))
def test_pieces_of_any_length_make_the_whole(built: "Built", pieces: list[int]) -> None:
    at, got = 0, b""
    for length in pieces:
        end = min(at + length, len(built.whole))
        got += built.read(at, end) if end > at else b""
        at = end
    assert got == built.whole[:at]


class Built:
    """One archive of a module-long house, readable from synchronous tests."""

    def __init__(
        self, read: Callable[[int, int], Awaitable[bytes]], loop: asyncio.AbstractEventLoop, size: int
    ) -> None:
        self._read, self._loop = read, loop
        self.whole = self.read(0, size)

    def read(self, start: int, end: int) -> bytes:
        return self._loop.run_until_complete(self._read(start, end))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory):
    from imageroute_app.domain.rules import Rules
    from tests.doubles import MovingClock
    from tests.routes.conftest import ORIGIN, open_house

    loop = asyncio.new_event_loop()
    opening = open_house(tmp_path_factory.mktemp("built"), Rules(origin=ORIGIN), MovingClock())
    house = loop.run_until_complete(opening.__aenter__())

    async def make() -> tuple[Archive, archives.Opened]:
        client = await house.signed_up()
        owner = await house.owner(client)
        archive = await archived(house, owner, await fill(house, owner))
        return archive, await house.services.archives.open(owner, archive.id)

    _, ready = loop.run_until_complete(make())

    async def read(start: int, end: int) -> bytes:
        return b"".join([chunk async for chunk in house.services.archives.read(ready, start, end)])

    yield Built(read, loop, ready.size_bytes)
    loop.run_until_complete(opening.__aexit__(None, None, None))
    loop.close()


async def test_a_changed_archive_is_sent_whole(house: House) -> None:
    client = await house.signed_up()
    owner = await house.owner(client)
    images = await fill(house, owner)
    archive = await archived(house, owner, images)
    address = f"/exports/{archive.id}"
    before = await client.head(address)
    assert before.content == b""
    assert int(before.headers["content-length"]) == archive.size_bytes
    unchanged = await client.get(address, headers={"if-none-match": before.headers["etag"]})
    assert unchanged.status_code == 304
    await house.services.gallery.trash(owner, images[2].id)
    answer = await client.get(address, headers={"range": "bytes=100-", "if-range": before.headers["etag"]})
    assert answer.status_code == 200
    assert answer.headers["etag"] != before.headers["etag"]
    manifest = json.loads(opened(answer.content).read("manifest.json"))
    assert manifest["missing"] == [{"id": images[2].id, "reason": "was deleted or is in the trash"}]
    assert (manifest["pictures"], manifest["asked_for"]) == (len(images) - 1, len(images))
    await house.services.gallery.restore(owner, images[2].id)
    await house.services.archives.delete(owner, archive.id)
    assert (await archived(house, owner, images)).gaps == ()


@pytest.mark.parametrize("harm", ["missing", "damaged", "shorter"])
async def test_what_cannot_be_put_in_is_named_up_front(house: House, harm: str) -> None:
    client = await house.signed_up()
    owner = await house.owner(client)
    images = await fill(house, owner)
    key = media_key(owner, images[3].id, "original")
    match harm:
        case "missing":
            await house.services.media.delete(key)
        case "damaged":
            await house.services.media.put(key, b"?" * images[3].size_bytes, "image/png")
        case _:
            await house.services.media.put(key, b"?", "image/png")
    archive = await archived(house, owner, images)
    word = "missing" if harm == "missing" else "damaged"
    assert archive.gaps == (f"{images[3].id} its file is {word}",)
    answer = await client.get(f"/exports/{archive.id}")
    assert len([name for name in opened(answer.content).namelist() if name.endswith(".png")]) == len(images) - 1


async def test_a_file_that_vanishes_on_the_way_ends_the_stream_and_is_named_the_next_time(house: House) -> None:
    client = await house.signed_up()
    owner = await house.owner(client)
    images = await fill(house, owner)
    archive = await archived(house, owner, images)
    await house.services.media.delete(media_key(owner, images[-1].id, "original"))
    with pytest.raises(RuntimeError) as ended:
        await client.get(f"/exports/{archive.id}")
    assert isinstance(ended.value.__cause__, Changed)
    again = await client.get(f"/exports/{archive.id}")
    assert again.status_code == 200
    assert json.loads(opened(again.content).read("manifest.json"))["missing"][0]["id"] == images[-1].id


async def test_an_erased_picture_leaves_every_archive(house: House) -> None:
    client = await house.signed_up()
    owner = await house.owner(client)
    images = await fill(house, owner)
    archive = await archived(house, owner, images)
    await house.services.media.put(f"archives/{owner}/{archive.id}/{images[0].id}", b"a copy", "image/png")
    await house.services.gallery.trash(owner, images[0].id)
    await house.services.gallery.erase(owner, images[0].id)
    assert [key for key in await house.services.media.list("") if images[0].id in key] == []
    answer = await client.get(f"/exports/{archive.id}")
    assert json.loads(opened(answer.content).read("manifest.json"))["missing"][0]["id"] == images[0].id


async def test_words_lie_sealed_and_go_with_the_first_picture_that_is_erased(house: House) -> None:
    client = await house.signed_up()
    owner = await house.owner(client)
    images = await fill(house, owner)
    archive = await archived(house, owner, images)
    media, prefix = house.services.media, f"archives/{owner}/{archive.id}/"
    kept = [data for data in await media.read(await media.list(prefix)) if data is not None]
    assert len(kept) == 3
    for word in (b"fern", b"prompt", "灯台".encode(), images[0].job_id.encode()):
        assert not any(word in data for data in kept), word
    await house.services.gallery.trash(owner, images[0].id)
    assert await media.list(f"{prefix}words/") != []
    await house.services.gallery.erase(owner, images[0].id)
    assert await media.list(f"{prefix}words/") == []


async def test_words_of_a_picture_that_is_erased_while_they_are_written_do_not_stay(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await house.signed_up()
    owner = await house.owner(client)
    images = await fill(house, owner)
    seal = KeyStrongbox.seal

    async def erase_first(self: KeyStrongbox, whose: str, place: str, data: bytes) -> bytes:
        monkeypatch.undo()
        await house.services.gallery.trash(owner, images[0].id)
        await house.services.gallery.erase(owner, images[0].id)
        return await seal(self, whose, place, data)

    monkeypatch.setattr(KeyStrongbox, "seal", erase_first)
    archive = await archived(house, owner, images)
    assert archive.gaps == ()
    assert await house.services.media.list(f"archives/{owner}/{archive.id}/words/") == []
    answer = await client.get(f"/exports/{archive.id}")
    assert json.loads(opened(answer.content).read("manifest.json"))["missing"][0]["id"] == images[0].id


@pytest.mark.parametrize("harm", ["gone", "altered", "of another archive"])
async def test_words_that_are_not_its_own_are_never_sent_and_made_again(house: House, harm: str) -> None:
    client = await house.signed_up()
    owner = await house.owner(client)
    images = await fill(house, owner)
    archive, other = [await archived(house, owner, images) for _ in range(2)]
    media, address = house.services.media, f"/exports/{archive.id}"
    before = await client.get(address)
    for key in await media.list(f"archives/{owner}/{archive.id}/words/"):
        name = key.rpartition("/")[2]
        others = [one for one in await media.list(f"archives/{owner}/{other.id}/words/") if one.endswith(name)]
        [data], [another] = await media.read([key]), await media.read(others)
        assert data is not None
        assert another is not None
        await media.delete(key)
        if harm != "gone":
            wrong = another if harm == "of another archive" else data[:-1] + bytes([data[-1] ^ 1])
            await media.put(key, wrong, "application/octet-stream")
    with pytest.raises(RuntimeError) as ended:
        await client.get(address)
    assert isinstance(ended.value.__cause__, Changed)
    again = await client.get(address)
    assert (again.content, again.headers["etag"]) == (before.content, before.headers["etag"])


async def test_a_recipe_forgets_the_hash_of_a_source_that_went(house: House) -> None:
    client = await house.signed_up()
    owner = await house.owner(client)
    source, result = (await fill(house, owner))[:2]
    made = await house.services.database.tables.images.update(replace(result, source_id=source.id))
    archive = await archived(house, owner, [made])

    async def named() -> str | None:
        with opened((await client.get(f"/exports/{archive.id}")).content) as found:
            [name] = [one for one in found.namelist() if one.endswith(".json") and one != "manifest.json"]
            return json.loads(found.read(name))["source"]["sha256"]

    assert await named() == source.sha256
    await house.services.gallery.trash(owner, source.id)
    assert await named() == source.sha256, "it can still be restored"
    await house.services.gallery.erase(owner, source.id)
    assert await named() is None


async def test_nothing_of_it_is_anybody_elses(house: House) -> None:
    ada, bob = await house.signed_up("ada"), await house.signed_up("bob")
    owner = await house.owner(ada)
    images = await fill(house, owner)
    archive = await archived(house, owner, images)
    for address in (f"/exports/{archive.id}", f"/exports/pictures/{images[0].id}/recipe", "/exports/nothing"):
        for method in ("GET", "HEAD"):
            assert (await bob.request(method, address)).status_code == 404
            assert (await (await house.browser()).request(method, address)).status_code == 401
    stranger = await house.owner(bob)
    taken = await archived(house, stranger, images)
    assert taken.state is ArchiveState.FAILED
    with pytest.raises(Conflict, match="could not be made"):
        await house.services.archives.open(stranger, taken.id)


async def test_it_costs_nothing_and_is_gone_after_seven_days(house: House) -> None:
    client = await house.signed_up()
    owner = await house.owner(client)
    balance = await house.services.jobs.balance(owner)
    archive = await archived(house, owner, await fill(house, owner))
    assert (await client.get(f"/exports/{archive.id}")).status_code == 200
    assert await house.services.jobs.balance(owner) == balance
    assert await house.services.media.list(f"archives/{owner}/") != []
    house.clock.move(days=6, hours=23)
    assert (await client.get(f"/exports/{archive.id}")).status_code in {200, 401}
    house.clock.move(hours=2)
    assert await house.services.archives.all(owner) == []
    assert await house.services.archives.purge() == 1
    assert await house.services.archives.purge() == 0
    assert await house.services.media.list(f"archives/{owner}/") == []


async def test_delete_file_works_at_once(house: House) -> None:
    client = await house.signed_up()
    owner = await house.owner(client)
    archive = await archived(house, owner, await fill(house, owner))
    await house.services.archives.delete(owner, archive.id)
    assert (await client.get(f"/exports/{archive.id}")).status_code == 404
    assert await house.services.media.list(f"archives/{owner}/") == []


async def test_one_is_built_at_a_time_and_goes_on_after_a_crash(house: House) -> None:
    client = await house.signed_up()
    owner = await house.owner(client)
    images = await fill(house, owner)
    archive = await archived(house, owner, images)
    tables = house.services.database.tables
    stuck = await tables.archives.update(replace(archive, state=ArchiveState.PREPARING))
    with pytest.raises(Conflict, match="being made"):
        await archived(house, owner, images)
    while (await house.services.archives.get(owner, stuck.id)).state is ArchiveState.PREPARING:
        await asyncio.sleep(0.01)
    assert (await client.get(f"/exports/{archive.id}")).status_code == 200


@pytest.mark.parametrize(
    ("ids", "choice"),
    [
        ([], Choice()),
        (["a"], Choice(encoding="bmp")),
        (["a"], Choice(edge_px=500)),
        (["a"], Choice(encoding="png", edge_px=9)),
    ],
)
async def test_what_cannot_be_asked_for(house: House, ids: list[str], choice: Choice) -> None:
    client = await house.signed_up()
    with pytest.raises(InvalidInput):
        await house.services.archives.create(await house.owner(client), ids, choice, title="")


async def test_a_download_that_is_cancelled_leaves_nothing_behind(house: House, tmp_path: Path) -> None:
    client = await house.signed_up()
    owner = await house.owner(client)
    data = png() + b"x" * 6_000_000
    images = [await add_picture(house, owner, "large", data) for _ in range(3)]
    archive = await archived(house, owner, images)
    opening = await house.services.archives.open(owner, archive.id)

    def files() -> list[str]:
        """Return what is open of this house; what failed in other tests may hold files of theirs until it is collected."""
        return [
            str(link)
            for link in Path("/proc/self/fd").iterdir()
            if os.path.realpath(link).startswith(f"{tmp_path}/media/")
        ]

    tasks = len(asyncio.all_tasks())
    for share in (0.01, 0.5, 0.99):
        for _ in range(5):
            stream = house.services.archives.read(opening, 0, opening.size_bytes)
            got = 0
            async for chunk in stream:
                got += len(chunk)
                if got >= opening.size_bytes * share:
                    break
            assert share == 0.99 or files()
            await stream.aclose()
    async with asyncio.timeout(60):  # SECURITY S12; a thread may still be reading what nobody waits for any more
        while files() or len(asyncio.all_tasks()) > tasks:
            await asyncio.sleep(0.05)


async def test_the_recipe_of_one_picture(house: House) -> None:
    client = await house.signed_up()
    image = await house.add_image(await house.owner(client), "a fern")
    answer = await client.get(f"/exports/pictures/{image.id}/recipe")
    assert answer.json()["prompt"] == "a fern"
    assert answer.headers["content-disposition"].startswith("attachment")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_nothing_can_be_changed_here(house: House, method: str) -> None:
    client: httpx.AsyncClient = await house.signed_up()
    assert (await client.request(method, "/exports/anything")).status_code == 405


async def made_picture(house: House, owner: str, prompt: str = "a fern at dawn") -> Image:
    """Put a marked picture into a gallery, as delivery does it."""
    marking = Marking(source_type="algorithmicMedia", generator="ImageRoute, test", created_at=house.clock())
    finished = finish_picture(png("teal", (640, 480)), marking)
    return await add_picture(house, owner, prompt, finished.original)


@pytest.mark.parametrize("encoding", ["png", "jpeg", "webp"])
async def test_every_format_reads_back_as_made_by_us(house: House, encoding: str) -> None:
    client = await house.signed_up()
    owner = await house.owner(client)
    image = await made_picture(house, owner)
    answer = await client.get(f"/exports/pictures/{image.id}?format={encoding}&edge=320&settings=1")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == f"image/{encoding}"
    with Pillow.open(io.BytesIO(answer.content)) as drawn:
        assert (drawn.format, drawn.size) == (encoding.upper(), (320, 240))
    marks = await house.services.recipes._read_marks(answer.content)
    assert marks.xmp_source.endswith("algorithmicMedia")
    restored = await client.post("/api/recipe", content=answer.content)
    assert restored.json()["form"]["prompt"] == "a fern at dawn"
    bare = await client.get(f"/exports/pictures/{image.id}?format={encoding}")
    assert (await house.services.recipes._read_marks(bare.content)).recipe == ""
    assert (await client.post("/api/recipe", content=bare.content)).status_code == 422


async def test_an_archive_in_another_format_is_prepared_and_goes_with_its_time(house: House) -> None:
    client = await house.signed_up()
    owner = await house.owner(client)
    images = [await made_picture(house, owner, f"fern {number}") for number in range(2)]
    choice = Choice(encoding="webp", edge_px=320, with_settings=True)
    archive = await house.services.archives.create(owner, [image.id for image in images], choice, title="Two")
    while archive.state is ArchiveState.PREPARING:
        await asyncio.sleep(0.02)
        archive = await house.services.archives.get(owner, archive.id)
    answer = await client.get(f"/exports/{archive.id}")
    with opened(answer.content) as found:
        assert found.testzip() is None
        names = [name for name in found.namelist() if name.endswith(".webp")]
        assert len(names) == 2
        marks = [await house.services.recipes._read_marks(found.read(name)) for name in names]
        assert all(one.recipe and one.xmp_source.endswith("algorithmicMedia") for one in marks)
    assert len(await house.services.media.list(f"archives/{owner}/{archive.id}/")) == 5
    await house.services.gallery.trash(owner, images[0].id)
    await house.services.gallery.erase(owner, images[0].id)
    assert len(await house.services.media.list(f"archives/{owner}/{archive.id}/")) == 2
    house.clock.move(days=8)
    assert await house.services.archives.purge() == 1
    assert await house.services.media.list(f"archives/{owner}/") == []


async def test_a_recipe_comes_back_and_says_what_is_gone(house: House) -> None:
    client = await house.signed_up()
    owner = await house.owner(client)
    source = await house.add_image(owner, "the source")
    bare = await house.add_image(owner, "from a source")
    image = replace(bare, source_id=source.id, style="no-such-style", provider="scripted", model="scripted-1")
    await house.services.database.tables.images.update(image)
    written = (await client.get(f"/exports/pictures/{image.id}/recipe")).content
    found = (await client.post("/api/recipe", content=written)).json()
    assert found["form"] == {
        "prompt": "from a source", "negative": "", "model": "scripted/scripted-1", "size": "1024x1280",
        "style": "none", "seed": "7", "count": "1", "source": source.id,
    }  # fmt: skip
    assert [note.split()[:2] for note in found["notes"]] == [["The", "style"]]
    await house.services.gallery.trash(owner, source.id)
    other = json.loads(written) | {"model": "gone-9", "width": 777}
    found = (await client.post("/api/recipe", content=json.dumps(other).encode())).json()
    assert "model" not in found["form"]
    assert found["form"]["source"] == ""
    assert len(found["notes"]) == 4


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[1]",
        b"{" * 5000,
        b"nonsense",
        b'{"kind": "imageroute-recipe", "version": 99}',
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a",
    ],
)
async def test_what_is_no_recipe_is_said_so(house: House, body: bytes) -> None:
    client = await house.signed_up()
    answer = await client.post("/api/recipe", content=body)
    assert answer.status_code in {413, 422}
    assert answer.json()["error"]["message"]
    assert (await (await house.browser()).post("/api/recipe", content=body)).status_code == 401
