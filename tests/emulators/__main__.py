"""Serve every emulator on one port of this machine and say which settings point the product at them. For use by hand."""

import argparse
import asyncio
import importlib
import inspect
import pkgutil
from urllib.parse import urlsplit

from imageroute_app.adapters.registry import catalogues
from tests import emulators
from tests.emulators.clerk import ClerkEmulator, clerk_settings
from tests.emulators.cloudinary import CloudinaryEmulator, settings_of
from tests.emulators.dodo import DodoEmulator
from tests.emulators.dodo import settings_of as dodo_settings
from tests.emulators.kit import Emulator, served

LATENCY_S = 1.5


def every_emulator() -> list[Emulator]:
    """Return one emulator for each provider's catalogue, under its own prefix."""
    found: dict[str, type[Emulator]] = {}
    for module in pkgutil.iter_modules(emulators.__path__):
        if module.name in ("kit", "clerk", "__main__"):
            continue
        loaded = importlib.import_module(f"tests.emulators.{module.name}")
        kinds = [kind for _, kind in inspect.getmembers(loaded, inspect.isclass) if issubclass(kind, Emulator)]
        found[module.name] = next(kind for kind in kinds if kind.__module__ == loaded.__name__)
    return [_made(one.id, found[one.kind]) for one in catalogues() if one.kind in found]


def base_path(provider: str) -> str:
    """Return what stands behind the host in the provider's own address, such as "/v1"."""
    one = next(one for one in catalogues() if one.id == provider)
    return urlsplit(one.url).path.rstrip("/") if one.url else ("/v1" if one.kind == "openai_compat" else "")


def _made(provider: str, kind: type[Emulator]) -> Emulator:
    made = kind(prefix=f"/{provider}")
    if hasattr(made, "dialect"):
        setattr(made, "dialect", provider)  # noqa: B010  # only some have one
    made.scenario.latency_s = LATENCY_S
    return made


def settings_lines(made: list[Emulator], origin: str) -> list[str]:
    """Return the settings that point the product at these emulators, in the form of .env."""
    lines: list[str] = []
    for one in made:
        provider = one.prefix.strip("/")
        name = f"IMAGEROUTE_{provider.upper()}"
        key = getattr(one, "key", getattr(inspect.getmodule(one), "KEY", ""))
        lines += [f"{name}_KEY={key}", f"{name}_URL={origin}{one.prefix}{base_path(provider)}"]
    return lines


async def _main(port: int) -> None:
    made = every_emulator()
    pictures = CloudinaryEmulator(prefix="/cloudinary")
    seller = DodoEmulator(prefix="/dodo", webhook_url="http://127.0.0.1:3000/webhooks/dodo")
    people = ClerkEmulator(prefix="/clerk", origins=("http://127.0.0.1:3000", "http://localhost:3000"))
    people.hook_url = "http://127.0.0.1:3000/webhooks/clerk"
    async with served(*made, pictures, seller, people, port=port):
        print("The emulators answer. Start the product with these settings, for example from .env:\n")  # noqa: T201
        print("\n".join(settings_lines(made, f"http://127.0.0.1:{port}")))  # noqa: T201
        print("\n# Pictures at Cloudinary; they live no longer than this command. Take out the signs to use it:")  # noqa: T201
        print("\n".join(f"#{name}={text}" for name, text in settings_of(pictures).items()), flush=True)  # noqa: T201
        print("\n# Credits sold by Dodo Payments, whose messages go to port 3000 of this machine:")  # noqa: T201
        print("\n".join(f"#{name}={text}" for name, text in dodo_settings(seller).items()), flush=True)  # noqa: T201
        print("\n# Signing in by Clerk, whose messages go to port 3000 of this machine:")  # noqa: T201
        print("\n".join(f"#{name}={text}" for name, text in clerk_settings(people).items()), flush=True)  # noqa: T201
        await asyncio.Event().wait()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--port", type=int, default=4010)
    try:
        asyncio.run(_main(arguments.parse_args().port))
    except KeyboardInterrupt:
        print("Stopped.")  # noqa: T201
