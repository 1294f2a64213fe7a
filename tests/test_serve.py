import asyncio
import contextlib
import itertools
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from imageroute_app import serve
from imageroute_app.serve import CannotStart, check_certificate, check_port, lock_data_dir
from imageroute_app.settings import SettingsError, load_settings
from tests.conftest import MakeProduct
from tests.product import Product, free_port


def test_port_in_use_is_named_with_its_cure() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(CannotStart, match=f"port {port} is in use: set IMAGEROUTE_PORT"):
            check_port("127.0.0.1", port)


def test_free_port_is_accepted() -> None:
    check_port("127.0.0.1", free_port())


def test_address_of_another_machine_is_named() -> None:
    with pytest.raises(CannotStart, match="set IMAGEROUTE_HOST to an address of this machine"):
        check_port("192.0.2.1", free_port())


def test_data_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(CannotStart, match="change its owner or set IMAGEROUTE_DATA_DIR"):
        lock_data_dir(tmp_path / "file" / "data")


def test_certificate_that_cannot_sign_is_named(tmp_path: Path) -> None:
    file = tmp_path / "no certificate"
    file.write_text("hello")
    environ = {f"IMAGEROUTE_C2PA_{name}": str(file) for name in ("CERTIFICATE", "KEY")}
    settings = load_settings({**environ, "IMAGEROUTE_DATA_DIR": str(tmp_path / "data")})

    with pytest.raises(CannotStart, match="IMAGEROUTE_C2PA_CERTIFICATE holds no certificate that can be read"):
        check_certificate(settings)


@pytest.mark.parametrize("name", ["CERTIFICATE", "KEY"])
def test_half_of_a_certificate_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(SettingsError, match="go together"):
        load_settings({f"IMAGEROUTE_C2PA_{name}": str(tmp_path / "file")})
    with pytest.raises(SettingsError, match="there is no such file"):
        load_settings({f"IMAGEROUTE_C2PA_{name}": str(tmp_path / "none")})


def test_wrong_settings_end_the_command_with_all_their_faults(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(serve.ROOT)
    monkeypatch.setenv("IMAGEROUTE_PORT", "x")
    monkeypatch.setenv("IMAGEROUTE_MARGIN", "y")

    assert serve.main([]) == 2
    told = capsys.readouterr().err
    assert "IMAGEROUTE_PORT is 'x'" in told
    assert "IMAGEROUTE_MARGIN is 'y'" in told


def test_sources_decide_whether_to_build(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    builds: list[int] = []
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "app.css").write_text("a")
    monkeypatch.setattr(serve, "ROOT", tmp_path)
    monkeypatch.setattr(serve, "STAMP", tmp_path / "stamp")
    monkeypatch.setattr(serve, "build", lambda: builds.append(1))

    assert serve.build_if_changed()
    assert not serve.build_if_changed()
    (tmp_path / "assets" / "app.css").write_text("b")
    assert serve.build_if_changed()
    assert len(builds) == 2


def test_reflex_is_told_the_exact_origins_and_keeps_state_off_the_disk() -> None:
    environment = serve.reflex_environment(load_settings({}))

    assert environment["REFLEX_CORS_ALLOWED_ORIGINS"] == "http://127.0.0.1:3000,http://localhost:3000"
    assert environment["REFLEX_STATE_MANAGER_MODE"] == "memory"
    assert environment["REFLEX_TELEMETRY_ENABLED"] == "false"


@pytest.mark.asyncio(loop_scope="session")
async def test_second_process_on_a_data_folder_is_refused_and_told_who_holds_it(product: Product) -> None:
    assert product.process is not None
    second = Product(product.data_dir)

    with pytest.raises(AssertionError, match=f"is used by process {product.process.pid}"):
        await second.start()


@pytest_asyncio.fixture(loop_scope="session")
async def command(front_end: None, tmp_path: Path) -> AsyncIterator[Product]:
    """Start the command itself, which ends as no fork of the tests does: with the whole interpreter."""
    product = Product(tmp_path / "command")
    await product.start()
    yield product
    await product.kill()


@pytest.mark.asyncio(loop_scope="session")
async def test_killed_product_serves_again_on_the_same_folder_and_port(make_product: MakeProduct) -> None:
    product = await make_product()

    await product.restart()

    async with httpx.AsyncClient() as client:
        assert (await client.get(product.url)).status_code == 200


@pytest.mark.asyncio(loop_scope="session")
async def test_open_socket_does_not_keep_the_command_from_stopping(command: Product) -> None:
    async with httpx.AsyncClient() as client:
        await client.get(command.url)
    reader, writer = await asyncio.open_connection("127.0.0.1", command.port)
    writer.write(
        f"GET /_event/?token=11111111-2222-4333-8444-555555555555&EIO=4&transport=websocket HTTP/1.1\r\n"
        f"Host: 127.0.0.1:{command.port}\r\nOrigin: {command.url}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    assert b"101" in await reader.readline()

    assert command.process is not None
    command.process.send_signal(signal.SIGTERM)
    assert await command.wait() == 0
    writer.close()


async def test_pages_that_come_and_go_do_not_keep_the_product_from_stopping(make_product: MakeProduct) -> None:
    product = await make_product()
    pages = [asyncio.create_task(come_and_go(product, number)) for number in range(6)]
    await asyncio.sleep(1)

    assert product.process is not None
    product.process.send_signal(signal.SIGTERM)
    assert await product.wait() == 0
    for page in pages:
        page.cancel()
    await asyncio.gather(*pages, return_exceptions=True)


async def come_and_go(product: Product, number: int) -> None:
    """Open one socket after the other and leave each at once, as impatient pages do."""
    for turn in itertools.count():
        token = f"{number:08d}-2222-4333-8444-{turn:012d}"
        with contextlib.suppress(OSError, TimeoutError):
            reader, writer = await asyncio.open_connection("127.0.0.1", product.port)
            writer.write(
                f"GET /_event/?token={token}&EIO=4&transport=websocket HTTP/1.1\r\n"
                f"Host: 127.0.0.1:{product.port}\r\nOrigin: {product.url}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                "Cookie: ir_anon=aaaaaaaaaaaaaaaaaaaaaaaa\r\n"
                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
            )
            with contextlib.closing(writer):
                await asyncio.wait_for(reader.read(4000), 3)
        await asyncio.sleep(0.02)
