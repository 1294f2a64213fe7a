"""Cloudinary's upload API, admin API and delivery network, as strict as the vendor.

Sources: [W] the SDK seen on the wire, [S] the SDK's source, [D] documentation, [?] unconfirmed. The network keeps what it has
delivered until it is told to drop it, so an object that was only deleted is still served.
"""

import base64
import hashlib
import io
import json
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import unquote

from PIL import Image as Pillow
from PIL import UnidentifiedImageError

from tests.emulators.kit import Emulator, Reply, Seen

CLOUD, KEY, SECRET = "imageroute-test", "123456789012345", "cloudinary-secret"
STALE_S = 3600  # [D]
LISTED_MAX, DELETED_MAX, IDS_MAX = 500, 1000, 100  # [D]
RAW_MAX = 100_000_000  # [D] of one request; plans set lower ones
NOT_SIGNED = {"file", "api_key", "resource_type", "cloud_name", "signature"}  # [D]
FORBIDDEN = re.compile(r"[?&#\\%<>+]|^/|/$|//|^\s|\s$")  # [D] in a public id
DELIVERY = re.compile(
    r"/res/(?P<cloud>[^/]+)/(?P<kind>image|raw)/(?P<type>upload|private|authenticated)"
    r"(?:/s--(?P<signature>[A-Za-z0-9_-]{8}|[A-Za-z0-9_-]{32})--)?(?:/(?P<change>w_\d+))?(?:/v(?P<version>\d+))?/(?P<name>.+)"
)

Address = tuple[str, str, str]
"""Resource type, type and public id: only together they name an asset."""


@dataclass
class Asset:
    """One stored object; `asset_id` outlives deletion when there are backup versions."""

    data: bytes
    version: int
    asset_id: str = field(default_factory=lambda: secrets.token_hex(16))
    created_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat())
    derived: set[str] = field(default_factory=set)

    @property
    def etag(self) -> str:
        return hashlib.md5(self.data, usedforsecurity=False).hexdigest()


@dataclass
class Backup:
    """What the backup holds of one asset: versions by id."""

    address: Address
    versions: dict[str, bytes] = field(default_factory=dict)
    used: str = ""


def problem(status: int, text: str) -> Reply:
    """Return an error in the vendor's shape [S]."""
    return Reply(status, {"error": {"message": text}})


@dataclass
class CloudinaryEmulator(Emulator):
    """Places of failures: "submit" is an upload, "cancel" a destroy, "poll" the admin API, "download" the delivery network.

    `scenario.extra`: "outage" answers 500 to everything; "backs_up" keeps versions unless an upload says no, "forces_backup"
    also then; "keeps_used_backup" refuses to drop the version in use; "folder_mode" is "fixed" or "dynamic"; "lazy_edge" drops
    no copies until `settle`; "bulk" and "listed" are how much one admin call does; "raw_max" the largest object; "full" takes
    nothing; "admin_limit" calls an hour; "vanished" destroys say ok and delete nothing; "alters" changes what is stored;
    "silent_until" is an event before which nothing is answered.
    """

    key: str = KEY
    assets: dict[Address, Asset] = field(default_factory=dict)
    backups: dict[str, Backup] = field(default_factory=dict)
    edge: dict[str, tuple[Address, bytes]] = field(default_factory=dict)
    doomed: set[Address] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)
    parts: dict[str, bytes] = field(default_factory=dict)
    now: Callable[[], float] = time.time
    admin_calls: int = 0

    @property
    def delivery_url(self) -> str:
        """Where pictures are delivered, up to the cloud's name."""
        return f"{self.url}/res/{CLOUD}"

    @property
    def names(self) -> list[str]:
        """The public ids of everything stored, sorted."""
        return sorted(name for _, _, name in self.assets)

    def holds_nothing(self, prefix: str = "") -> bool:
        """Say whether neither assets, backups nor the network's copies hold anything below a prefix."""
        held = [
            *self.assets,
            *(backup.address for backup in self.backups.values()),
            *(of for of, _ in self.edge.values()),
        ]
        return not [name for _, _, name in held if name.startswith(prefix)]

    def settle(self) -> None:
        """Let the network drop what it was told to."""
        self.edge = {path: (of, data) for path, (of, data) in self.edge.items() if of not in self.doomed}
        self.doomed.clear()

    async def reply(self, seen: Seen) -> Reply:
        if waits := self.scenario.extra.get("silent_until"):
            await waits.wait()
        if self.scenario.extra.get("outage"):
            return problem(500, "General Error")
        if seen.path.startswith("/res/"):
            return self.failing("download") or self._deliver(seen)
        found = re.fullmatch(r"/v1_1/([^/]+)/(.+)", seen.path)
        if found is None:
            return problem(404, "Not found")
        cloud, rest = found[1], unquote(found[2])
        if verb := re.fullmatch(r"(image|raw|video|auto)/(upload|destroy)", rest):
            return self._signed_call(seen, cloud, verb[1], verb[2])
        return self._admin_call(seen, cloud, rest)

    # --- Upload API -----------------------------------------------------------------------------------------------------

    def _signed_call(self, seen: Seen, cloud: str, kind: str, verb: str) -> Reply:
        if seen.method != "POST":
            return problem(404, "Not found")
        form = {name: values[0] for name, values in seen.form.items()}
        if fault := self._signature_fault(cloud, form):
            return fault
        if verb == "destroy":
            return self.failing("cancel") or self._destroy(kind, form)
        self.submissions += 1
        return self.failing("submit") or self._upload(seen, kind, form)

    def _signature_fault(self, cloud: str, form: dict[str, Any]) -> Reply | None:  # noqa: PLR0911  # a refusal each
        if cloud != CLOUD:
            return problem(401, f"Invalid cloud_name {cloud}")
        if (
            "signature" not in form or "api_key" not in form
        ):  # [D] unsigned uploads need a preset, which there is none of
            return problem(400, "Upload preset must be specified when using unsigned upload")
        if form["api_key"] != KEY:
            return problem(401, f"Unknown API key {form['api_key']}")
        if not str(form.get("timestamp", "")).isdigit():
            return problem(400, "Missing required parameter - timestamp")
        signed = {name: value for name, value in form.items() if name not in NOT_SIGNED and value != ""}
        text = "&".join(
            sorted(f"{name}={value}".replace("&", "%26") for name, value in signed.items())
        )  # [S] version 2
        if not secrets.compare_digest(hashlib.sha1((text + SECRET).encode()).hexdigest(), form["signature"]):  # noqa: S324
            return problem(401, f"Invalid Signature {form['signature']}. String to sign - '{text}'.")
        if self.now() - int(form["timestamp"]) > STALE_S:
            return problem(400, "Stale request - reported time is more than 1 hour ago")
        return None

    def _upload(self, seen: Seen, kind: str, form: dict[str, Any]) -> Reply:  # noqa: PLR0911  # a refusal each
        name, extra = form.get("public_id") or secrets.token_hex(10), self.scenario.extra
        if not isinstance(form.get("file"), tuple):
            return problem(400, "Missing required parameter - file")
        if FORBIDDEN.search(name) or len(name) > 255:
            return problem(400, f"public_id ({name}) is invalid")
        if form.get("type", "upload") not in ("upload", "private", "authenticated"):
            return problem(400, f"Invalid type - {form['type']}")
        data, is_last = self._joined(seen, form["file"][2])
        if not is_last:
            return Reply(200, {"done": False, "public_id": name})
        if fault := self._content_fault(kind, data):
            return fault
        address = (kind, form.get("type", "upload"), name)
        if form.get("overwrite") == "0" and address in self.assets:
            return Reply(200, {**self._described(address), "existing": True})
        stored = data[:-1] if extra.pop("alters", False) else data
        self._store(address, stored, form)
        if kind == "image" and form.get("eager"):
            self.assets[address].derived |= set(form["eager"].split("|"))
        return Reply(200, self._described(address), {"x-request-id": "req-1"})

    def _joined(self, seen: Seen, part: bytes) -> tuple[bytes, bool]:
        """Return the whole of an upload in parts when this was its last."""
        upload, content_range = seen.headers.get("x-unique-upload-id"), seen.headers.get("content-range", "")
        found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", content_range)
        if upload is None or found is None:
            return part, True
        first, last, total = (int(number) for number in found.groups())
        so_far = self.parts.get(upload, b"")
        if first != len(so_far) or last - first + 1 != len(part):
            return b"", True
        self.parts[upload] = so_far + part
        return (self.parts.pop(upload), True) if last + 1 == total else (b"", False)

    def _content_fault(self, kind: str, data: bytes) -> Reply | None:
        most = self.scenario.extra.get("raw_max", RAW_MAX)
        if not data:
            return problem(400, "Empty file")
        if len(data) > most:
            return problem(400, f"File size too large. Got {len(data)}. Maximum is {most}.")
        if self.scenario.extra.get("full"):
            return problem(400, "You have exceeded your storage quota")  # [?]
        if kind == "image":
            try:
                Pillow.open(io.BytesIO(data)).verify()
            except (UnidentifiedImageError, SyntaxError):
                return problem(400, "Invalid image file")
        return None

    def _store(self, address: Address, data: bytes, form: dict[str, Any]) -> None:
        before = self.assets.get(address)
        asset = Asset(data, version=int(self.now()))
        if before:
            asset.asset_id = before.asset_id
        self.assets[address] = asset
        extra = self.scenario.extra
        if extra.get("forces_backup") or (extra.get("backs_up") and form.get("backup") != "0"):
            backup = self.backups.setdefault(asset.asset_id, Backup(address))
            backup.used = secrets.token_hex(16)
            backup.versions[backup.used] = data
        if extra.get("folder_mode") == "fixed":
            folders = address[2].split("/")[:-1]
            self.folders |= {"/".join(folders[:depth]) for depth in range(1, len(folders) + 1)}
        if form.get("invalidate") == "1":
            self._invalidate(address)

    def _destroy(self, kind: str, form: dict[str, Any]) -> Reply:
        address = (kind, form.get("type", "upload"), form.get("public_id", ""))  # [D] the default type is upload
        if not address[2]:
            return problem(400, "Missing required parameter - public_id")
        if address not in self.assets:
            return Reply(200, {"result": "not found"})
        if self.scenario.extra.get("vanished"):
            return Reply(200, {"result": "ok"})
        self._remove(address, invalidate=form.get("invalidate") == "1")
        return Reply(200, {"result": "ok"})

    def _remove(self, address: Address, *, invalidate: bool) -> None:
        asset = self.assets.pop(address)
        if asset.asset_id in self.backups:
            self.backups[asset.asset_id].used = ""
        if invalidate:
            self._invalidate(address)

    def _invalidate(self, address: Address) -> None:
        self.doomed.add(address)
        if not self.scenario.extra.get("lazy_edge"):
            self.settle()

    def _described(self, address: Address) -> dict[str, Any]:
        asset = self.assets[address]
        return {
            "asset_id": asset.asset_id, "public_id": address[2], "version": asset.version, "resource_type": address[0],
            "type": address[1], "bytes": len(asset.data), "etag": asset.etag, "created_at": asset.created_at,
        }  # fmt: skip

    # --- Admin API ------------------------------------------------------------------------------------------------------

    def _admin_call(self, seen: Seen, cloud: str, rest: str) -> Reply:
        expected = "Basic " + base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
        if cloud != CLOUD or seen.headers.get("authorization") != expected:
            return problem(401, "Invalid credentials" if cloud == CLOUD else f"Invalid cloud_name {cloud}")
        self.admin_calls += 1
        limit = self.scenario.extra.get("admin_limit", 500)
        reset = datetime.fromtimestamp(self.now(), UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        if self.admin_calls > limit:
            return problem(
                420, f"Rate Limit Exceeded. Limit of {limit} api operations reached. Try again on {reset:%F %T} UTC"
            )
        reply = self.failing("poll") or self._admin(seen, rest)
        reply.headers |= {
            "X-FeatureRateLimit-Limit": str(limit),
            "X-FeatureRateLimit-Remaining": str(limit - self.admin_calls),
            "X-FeatureRateLimit-Reset": format_datetime(reset, usegmt=True),
        }
        return reply

    def _admin(self, seen: Seen, rest: str) -> Reply:  # noqa: PLR0911  # a call each
        verb, _, path = rest.partition("/")
        match seen.method, verb, path.split("/", 2):
            case "GET", "ping", _:
                return Reply(200, {"status": "ok"})
            case "GET", "config", _:
                settings = {"settings": {"folder_mode": self.scenario.extra.get("folder_mode", "dynamic")}}
                return Reply(200, {"cloud_name": CLOUD, **(settings if seen.query.get("settings") == "true" else {})})
            case "GET", "resources", [kind, sort]:
                return self._list((kind, sort), seen.query)
            case "GET", "resources", [kind, sort, name]:
                return self._detail((kind, sort, name), with_versions=seen.query.get("versions", "").lower() == "true")
            case "DELETE", "resources", ["backup", asset_id]:
                return self._drop_backups(asset_id, (seen.json or {}).get("version_ids") or [])
            case "DELETE", "resources", [kind, sort]:
                return self._delete_many((kind, sort), seen.json or {})
            case "DELETE", "folders", _:
                return self._delete_folder(path)
            case _:
                return problem(404, "Not found")

    def _list(self, of: tuple[str, str], query: dict[str, str]) -> Reply:
        size = min(int(query.get("max_results", 10)), self.scenario.extra.get("listed", LISTED_MAX))
        found = sorted(a for a in self.assets if a[:2] == of and a[2].startswith(query.get("prefix", "")))
        found = [address for address in found if address[2] > query.get("next_cursor", "")]
        more = {"next_cursor": found[size - 1][2]} if len(found) > size else {}
        return Reply(200, {"resources": [self._described(address) for address in found[:size]], **more})

    def _detail(self, address: Address, *, with_versions: bool) -> Reply:
        backup = next(((key, one) for key, one in self.backups.items() if one.address == address), None)
        if address in self.assets:
            described = self._described(address)
        elif backup and with_versions:  # [?] a deleted asset that can be restored
            described = {"asset_id": backup[0], "public_id": address[2], "bytes": 0, "placeholder": True}
        else:
            return problem(404, f"Resource not found - {address[2]}")
        versions = [{"version_id": one, "restorable": True} for one in backup[1].versions] if backup else []
        return Reply(200, {**described, **({"versions": versions} if with_versions else {})})

    def _drop_backups(self, asset_id: str, version_ids: list[str]) -> Reply:
        backup = self.backups.get(asset_id)
        if backup is None:
            return problem(404, f"Resource not found - {asset_id}")
        if not version_ids:
            return problem(400, "Missing required parameter - version_ids")
        if backup.used in version_ids and self.scenario.extra.get("keeps_used_backup"):
            return problem(400, "The version in use cannot be deleted")  # [?]
        for version_id in version_ids:
            backup.versions.pop(version_id, None)
        if not backup.versions:
            del self.backups[asset_id]
        return Reply(200, {"deleted_version_ids": version_ids})

    def _delete_many(self, of: tuple[str, str], body: dict[str, Any]) -> Reply:
        """Delete by prefix or ids, as much as one call does; bulk invalidation is off, as it is in new accounts [D]."""
        ids, prefix = body.get("public_ids"), body.get("prefix")
        if ids is not None and len(ids) > IDS_MAX:
            return problem(400, f"Cannot delete more than {IDS_MAX} resources at once")
        if ids is None and not prefix:
            return problem(400, "Missing required parameter - public_ids, prefix or all")
        wanted = (
            [(*of, one) for one in ids] if ids is not None else [a for a in self.assets if a[2].startswith(str(prefix))]
        )
        wanted = [address for address in wanted if address[:2] == of]
        deleted: dict[str, str] = {}
        at_once = self.scenario.extra.get("bulk", DELETED_MAX)
        for address in wanted[:at_once]:
            deleted[address[2]] = "deleted" if address in self.assets else "not_found"
            if address in self.assets:
                self._remove(address, invalidate=False)
        more = {"next_cursor": secrets.token_hex(8)} if len(wanted) > at_once else {}
        return Reply(200, {"deleted": deleted, "partial": bool(more), **more})

    def _delete_folder(self, path: str) -> Reply:
        if path not in self.folders:
            return problem(404, f"Can't find folder with path {path}")
        if any(name.startswith(f"{path}/") for _, _, name in self.assets):
            return problem(400, "Folder is not empty")
        gone = {folder for folder in self.folders if folder == path or folder.startswith(f"{path}/")}
        self.folders -= gone
        return Reply(200, {"deleted": sorted(gone)})

    # --- Delivery -------------------------------------------------------------------------------------------------------

    def _deliver(self, seen: Seen) -> Reply:
        found = DELIVERY.fullmatch(unquote(seen.path))
        if found is None or found["cloud"] != CLOUD or seen.method not in ("GET", "HEAD"):
            return self._denied(404, "Resource not found")
        address = (found["kind"], found["type"], found["name"])
        if found["type"] != "upload" and not self._is_signed(found):
            return self._denied(401, "deny or ACL failure")
        path = "/".join((*address, found["change"] or ""))
        held = self.edge.get(path)
        if held is None:
            asset = self.assets.get(address)
            if asset is None:
                return self._denied(404, f"Resource not found - {address[2]}")
            if found["change"] and address[0] == "raw":
                return self._denied(400, "Invalid transformation for a raw resource")
            held = self.edge[path] = (address, self._changed(asset, found["change"]))
        return self._sent(seen, held[1])

    def _is_signed(self, found: re.Match[str]) -> bool:
        """Recompute the signature of an address; its version is not part of it [D]."""
        to_sign = "/".join(part for part in (found["change"], found["name"]) if part) + SECRET
        given = found["signature"] or ""
        kind = hashlib.sha256 if len(given) == 32 else hashlib.sha1
        digest = base64.urlsafe_b64encode(kind(to_sign.encode()).digest()).decode()
        return bool(given) and secrets.compare_digest(digest[: len(given)], given)

    def _changed(self, asset: Asset, change: str | None) -> bytes:
        """Return a derived size, without the metadata of its original, as the vendor makes it [D]."""
        if not change:
            return asset.data
        asset.derived.add(change)
        image = Pillow.open(io.BytesIO(asset.data))
        side = int(change.removeprefix("w_"))
        image.thumbnail((side, side))
        file = io.BytesIO()
        image.save(file, image.format)
        return file.getvalue()

    def _sent(self, seen: Seen, data: bytes) -> Reply:
        etag = hashlib.md5(data, usedforsecurity=False).hexdigest()
        headers = {"etag": f'"{etag}"', "accept-ranges": "bytes", "content-type": "application/octet-stream"}
        if seen.method == "HEAD":
            return Reply(200, b"", {**headers, "content-length": str(len(data))})
        limit = self.scenario.slow_bytes_per_s
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", seen.headers.get("range", ""))
        if found is None or self.scenario.extra.get("ignores_ranges"):
            return Reply(200, data, headers, bytes_per_s=limit, drop=self.scenario.extra.get("drop", ""))
        start, end = int(found[1]), min(int(found[2] or len(data)) + 1, len(data)) if found[2] else len(data)
        if start >= len(data):
            return Reply(416, b"", {"content-range": f"bytes */{len(data)}"})
        headers["content-range"] = f"bytes {start}-{end - 1}/{len(data)}"
        return Reply(206, data[start:end], headers, bytes_per_s=limit)

    def _denied(self, status: int, text: str) -> Reply:
        return Reply(status, b"", {"x-cld-error": text})


def settings_of(emulator: CloudinaryEmulator) -> dict[str, str]:
    """Return the settings that point the product at an emulator that is served."""
    return {
        "IMAGEROUTE_CLOUDINARY_CLOUD": CLOUD,
        "IMAGEROUTE_CLOUDINARY_KEY": KEY,
        "IMAGEROUTE_CLOUDINARY_SECRET": SECRET,
        "IMAGEROUTE_CLOUDINARY_URL": emulator.url,
        "IMAGEROUTE_CLOUDINARY_DELIVERY_URL": emulator.delivery_url,
    }


def body_of(seen: Seen) -> Any:
    """Return what a request said, for looking into in tests."""
    return {name: values[0] for name, values in seen.form.items()} or json.loads(seen.body or b"null")
