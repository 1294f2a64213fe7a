"""Marks: every file that leaves says how it was made, says nothing else, and shows when it was changed."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import c2pa
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from PIL import Image

from imageroute_app.adapters.imaging import certificates
from imageroute_app.adapters.imaging.certificates import open_credential
from imageroute_app.adapters.imaging.finish import PooledImaging, open_imaging
from imageroute_app.adapters.imaging.packet import make_packet, read_packet
from imageroute_app.adapters.imaging.reading import STORE_START, read_marks
from imageroute_app.adapters.imaging.sealing import seal
from imageroute_app.adapters.workers import WorkerPool
from imageroute_app.bootstrap import utc_now
from imageroute_app.domain.errors import BadImage, InvalidInput, Unavailable
from imageroute_app.domain.pictures import FinishedImage, Marking, Marks
from imageroute_app.domain.ports import OutputMime
from tests.adapters.pictures import CANARY, MARKING, encode, opened, photo
from tests.foreign import changed, foreign_credential, signed_elsewhere
from tests.marks import assert_marked, development_credential, manifest_store

PROMPT = "a heron in the reeds at seven"
AI_MARKING = Marking(
    source_type="trainedAlgorithmicMedia", generator="ImageRoute, Some", created_at=MARKING.created_at, withheld=PROMPT
)
RECIPE = json.dumps({"kind": "imageroute-recipe", "prompt": 'a "heron"\n<in> ü 🐦', "model": "some-1", "seed": 7})
MIMES: tuple[OutputMime, ...] = ("image/png", "image/jpeg", "image/webp")


@pytest.fixture
async def imaging() -> AsyncIterator[PooledImaging]:
    opened_imaging = open_imaging(WorkerPool(1), development_credential())
    yield opened_imaging
    await opened_imaging.close()


def marks_of(data: bytes) -> Marks:
    return read_marks(data, development_credential().known)


@pytest.mark.parametrize(
    "source", ["trainedAlgorithmicMedia", "algorithmicMedia", "compositeWithTrainedAlgorithmicMedia"]
)
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "AVIF", "GIF"])
async def test_every_original_and_size_reads_back_as_made_by_a_program(
    imaging: PooledImaging, kind: str, source: str
) -> None:
    marking = replace(AI_MARKING, source_type=source)
    finished = await imaging.finish(encode(photo(), kind), marking)
    assert_marked(finished.original, source)
    for data in finished.thumbnails.values():
        assert_marked(data, source, is_signed=False)
    marks = marks_of(finished.original)
    assert (marks.seal, marks.is_ours, marks.names_us, marks.recipe) == ("valid", True, True, "")
    assert marks.xmp_source == marks.signed_source == source


@pytest.mark.parametrize("mime", MIMES)
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
async def test_every_copy_reads_back_as_made_by_a_program(imaging: PooledImaging, kind: str, mime: OutputMime) -> None:
    finished = await imaging.finish(encode(photo(90, 60), kind), AI_MARKING)
    for recipe in (None, RECIPE):
        copy = await imaging.convert(finished.original, mime, 45, recipe)
        assert_marked(copy, "trainedAlgorithmicMedia")
        assert opened(copy).size == (45, 30)
        assert f"image/{str(opened(copy).format).lower()}" == mime
        assert bool(marks_of(copy).recipe) == bool(recipe)
    larger = await imaging.convert(finished.original, mime, 4000, None)
    assert opened(larger).size == (90, 60)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
async def test_settings_go_into_a_copy_whose_pixels_stay(imaging: PooledImaging, kind: str, mode: str) -> None:
    if (kind, mode) == ("JPEG", "RGBA"):
        kind, mode = "JPEG", "RGB"
    finished = await imaging.finish(encode(photo(mode=mode), kind), AI_MARKING)
    copy = await imaging.with_settings(finished.original, finished.mime, RECIPE)
    assert_marked(copy, "trainedAlgorithmicMedia")
    assert opened(copy).tobytes() == opened(finished.original).tobytes()
    assert json.loads(marks_of(copy).recipe) == json.loads(RECIPE)
    told = {name.rpartition("}")[2]: text for name, text in read_packet(copy).items()}
    assert told["AISystemUsed"] == "some-1"
    assert told["AIPromptInformation"] == 'a "heron"\n<in> ü 🐦'
    assert told["CreateDate"] == "2026-11-25T09:30:00Z"
    again = await imaging.with_settings(copy, finished.mime, '{"seed":1}')
    assert marks_of(again).recipe == '{"seed":1}'
    assert b"heron" not in again


async def test_transparent_parts_become_white_in_jpeg(imaging: PooledImaging) -> None:
    finished = await imaging.finish(encode(Image.new("RGBA", (20, 20), (10, 20, 30, 0))), MARKING)
    pixel = opened(await imaging.convert(finished.original, "image/jpeg", None, None)).getpixel((5, 5))
    assert pixel == (255, 255, 255)


async def test_picture_that_no_program_made_gets_no_such_mark(imaging: PooledImaging) -> None:
    for recipe in (None, RECIPE):
        copy = await imaging.convert(encode(photo(), "JPEG"), "image/webp", None, recipe)
        marks = marks_of(copy)
        assert (marks.xmp_source, marks.seal) == ("", "none")
    assert marks_of(await imaging.with_settings(encode(photo()), "image/png", RECIPE)).seal == "none"


@pytest.mark.parametrize("recipe", ["no json", "[]", "null", "[" * 5000, json.dumps({"prompt": "x" * 66_000})])
async def test_recipe_that_cannot_be_held_is_refused(imaging: PooledImaging, recipe: str) -> None:
    with pytest.raises(InvalidInput):
        await imaging.with_settings(encode(photo()), "image/png", recipe)


async def test_longest_settings_fit_every_format(imaging: PooledImaging) -> None:
    recipe = json.dumps({"prompt": "🐦" * 4000, "negative": '"\ud800\uffff\u0000<&' * 600})
    for mime in MIMES:
        copy = await imaging.convert(encode(photo()), mime, None, recipe)
        assert json.loads(marks_of(copy).recipe) == json.loads(recipe)


async def test_settings_are_put_into_stored_originals_only(imaging: PooledImaging) -> None:
    for data, mime in ((encode(photo()), "image/jpeg"), (encode(photo(), "GIF"), "image/gif"), (b"text", "image/png")):
        with pytest.raises(BadImage):
            await imaging.with_settings(data, mime, RECIPE)


# --- What a file never holds -------------------------------------------------------------------


@pytest.mark.promise("P10")
async def test_no_words_no_person_and_no_source_pixels_in_any_file(imaging: PooledImaging) -> None:
    finished = await imaging.finish(encode(photo(), "JPEG", comment=CANARY), AI_MARKING)
    for data in (finished.original, *finished.thumbnails.values()):
        for needle in (CANARY, PROMPT.encode(), b"heron", b"JFIF", b"Exif"):
            assert needle not in data
    store = manifest_store(finished.original)
    (manifest,) = store["manifests"].values()
    labels = {found["label"] for found in manifest["assertions"]}
    assert labels == {"c2pa.actions.v2", "cawg.training-mining"}
    assert not {"title", "ingredients", "thumbnail", "credentials"} & {
        name for name, value in manifest.items() if value
    }


async def test_mark_is_small(imaging: PooledImaging) -> None:
    data = encode(photo())
    assert len((await imaging.finish(data, MARKING)).original) - len(data) < 5000


# --- Changes -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
async def test_changed_byte_is_said(imaging: PooledImaging, kind: str) -> None:
    original = (await imaging.finish(encode(photo(120, 80), kind), MARKING)).original
    marks = await imaging.read_marks(changed(original))
    assert (marks.seal, marks.is_ours) == ("altered", False)


async def test_packet_written_after_signing_breaks_the_seal(imaging: PooledImaging) -> None:
    original = (await imaging.finish(encode(photo()), MARKING)).original
    edited = original.replace(b"/algorithmicMedia", b"/digitalCapture..")
    assert marks_of(edited).seal == "altered"


async def test_drawing_anew_loses_the_seal_and_reads_as_none(imaging: PooledImaging) -> None:
    original = (await imaging.finish(encode(photo()), MARKING)).original
    assert marks_of(encode(opened(original))) == Marks()


def test_same_names_do_not_make_a_signature_ours() -> None:
    marks = marks_of(signed_elsewhere(name="ImageRoute"))
    assert (
        marks.signer
        == marks_of(seal(encode(photo()), "image/png", "algorithmicMedia", development_credential().signing)).signer
    )
    assert (marks.seal, marks.is_ours, marks.names_us) == ("valid", False, True)


# --- A provider's own mark ---------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
async def test_provider_file_that_says_it_was_made_by_an_ai_is_kept(imaging: PooledImaging, kind: str) -> None:
    data = signed_elsewhere(kind=kind, name="Vendor")
    finished = await imaging.finish(data, AI_MARKING)
    assert finished.original == data
    assert finished.signer.startswith("ImageRoute development certificate")
    for thumbnail in finished.thumbnails.values():
        assert_marked(thumbnail, "trainedAlgorithmicMedia", is_signed=False)
    copy = await imaging.convert(finished.original, "image/webp", None, RECIPE)
    assert_marked(copy, "trainedAlgorithmicMedia")
    assert_marked(await imaging.with_settings(data, finished.mime, RECIPE), "trainedAlgorithmicMedia")


def with_words(words: str) -> bytes:
    return signed_elsewhere(assertions=({"label": "org.vendor.request", "data": {"text": words}},))


@pytest.mark.parametrize(
    "make",
    [
        lambda: changed(signed_elsewhere()),
        lambda: signed_elsewhere(source=c2pa.C2paDigitalSourceType.DIGITAL_CAPTURE),
        lambda: with_words(f"for Ada: {PROMPT}, please"),
        lambda: with_words("x" * 300_000),
        lambda: signed_elsewhere(thumbnails=True),
        lambda: signed_elsewhere(encode(photo(), "JPEG", comment=CANARY), "JPEG"),
        lambda: signed_elsewhere() + CANARY,
    ],
    ids=["changed", "no ai", "prompt in it", "too large", "thumbnail", "private comment", "something behind it"],
)
async def test_any_other_signed_file_is_drawn_anew_with_our_mark(
    imaging: PooledImaging, make: Callable[[], bytes]
) -> None:
    data = make()
    try:
        finished = await imaging.finish(data, AI_MARKING)
    except BadImage:
        assert data[:4] == b"\x89PNG"  # a changed PNG does not fit its checksum
        return
    assert_ours_only(finished)


def assert_ours_only(finished: FinishedImage) -> None:
    assert finished.signer == ""
    assert_marked(finished.original, "trainedAlgorithmicMedia")
    assert CANARY not in finished.original
    assert PROMPT.encode() not in finished.original


# --- Hostile files -----------------------------------------------------------------------------


def bomb() -> bytes:
    entities = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
    return b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + entities + b"&b;</x:xmpmeta>"


@pytest.mark.parametrize(
    "packet",
    [
        b"<x:xmpmeta", b"<x:xmpmeta></x:xmpmeta>", b"<x:xmpmeta <</x:xmpmeta>", bomb(),
        b"<x:xmpmeta>" + b"<a>" * 50_000 + b"</x:xmpmeta>", b"<x:xmpmeta>" + b"x" * 400_000 + b"</x:xmpmeta>",
        b"<x:xmpmeta xmlns:x='a'>\xff\xfe\0</x:xmpmeta>",
    ],
)  # fmt: skip
def test_hostile_packets_say_nothing(packet: bytes) -> None:
    assert marks_of(encode(photo(), "WEBP", xmp=packet)) == Marks()


def test_broken_stores_are_not_taken_for_none() -> None:
    data = signed_elsewhere(kind="JPEG")
    at = data.index(STORE_START)
    for broken in (data[: at + 40] + bytes(60) + data[at + 100 :], data.replace(b"c2pa.signature", b"c2pa.signaturf")):
        assert marks_of(broken).seal == "altered"


async def test_files_that_are_no_picture_are_refused(imaging: PooledImaging) -> None:
    for data in (b"", b"text", b"<svg/>", b"%PDF-1.7", bytes(31 * 1024 * 1024)):
        with pytest.raises(BadImage):
            await imaging.read_marks(data)


def test_texts_of_a_stranger_are_short_and_printable() -> None:
    marks = marks_of(signed_elsewhere(name="a\u202e\x07" + "b" * 5000))
    assert marks.generator.startswith("ab")
    assert len(marks.generator) == 200


def test_unknown_source_types_are_not_passed_on() -> None:
    packet = make_packet(MARKING).replace(b"digitalsourcetype/algorithmicMedia", b"digitalsourcetype/&lt;b&gt;")
    assert marks_of(encode(photo(), "WEBP", xmp=packet)).xmp_source == ""


# --- Certificates ------------------------------------------------------------------------------


def test_development_certificate_is_made_once_and_private(tmp_path: Path) -> None:
    first, second = open_credential(tmp_path / "p", utc_now), open_credential(tmp_path / "p", utc_now)
    assert first == second
    assert first.is_development
    assert [oct(path.stat().st_mode & 0o777) for path in sorted((tmp_path / "p").iterdir())] == ["0o600", "0o600"]
    assert "PRIVATE" not in repr(first)
    assert b"PRIVATE" not in (tmp_path / "p" / "known.pem").read_bytes()


def test_development_certificate_is_renewed_before_it_ends_and_old_marks_stay_known(tmp_path: Path) -> None:
    first = open_credential(tmp_path, utc_now)
    almost = first.expires_at - timedelta(days=29)
    second = open_credential(tmp_path, lambda: almost)
    assert second.expires_at > first.expires_at
    old = seal(encode(photo()), "image/png", "algorithmicMedia", first.signing)
    assert read_marks(old, second.known).is_ours
    assert open_credential(tmp_path, lambda: almost) == second


@pytest.mark.parametrize("kept", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_damaged_development_certificate_is_made_anew(tmp_path: Path, kept: bytes) -> None:
    (tmp_path / "development.pem").write_bytes(kept)
    assert open_credential(tmp_path, utc_now).is_development


def own_files(folder: Path, kind: str = "ed25519", **changes: object) -> tuple[Path, Path]:
    """Write a certificate chain of three and its key, as an authority would issue them."""
    now = utc_now()
    keys = {"p256": lambda: ec.generate_private_key(ec.SECP256R1()), "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
            "rsa": lambda: rsa.generate_private_key(65537, 2048), "ed25519": ed25519.Ed25519PrivateKey.generate,
            "k1": lambda: ec.generate_private_key(ec.SECP256K1())}  # fmt: skip
    key, middle, root = keys[kind](), keys["p256"](), keys["p256"]()
    above = certificates._certificate(certificates._subject("Root"), certificates._subject("Root"), root, now)
    between = certificates._certificate(certificates._subject("Middle"), certificates._subject("Root"), middle, now)
    leaf = certificates._certificate(certificates._subject("Pictures Ltd"), certificates._subject("Middle"), key, now)
    authority = x509.KeyUsage(**{**certificates.NO_USES, "key_cert_sign": True})
    usage = x509.KeyUsage(**{**certificates.NO_USES, "digital_signature": True, **changes})
    between = between.add_extension(x509.BasicConstraints(True, 0), True).add_extension(authority, True)
    above = above.add_extension(x509.BasicConstraints(True, None), True).add_extension(authority, True)
    leaf = leaf.add_extension(x509.BasicConstraints(False, None), True).add_extension(usage, True)
    leaf = leaf.add_extension(x509.ExtendedKeyUsage([certificates.CLAIM_SIGNING]), False)
    leaf = leaf.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(middle.public_key()), False)
    chain = [leaf.sign(middle, hashes.SHA256()), between.sign(root, hashes.SHA256()), above.sign(root, hashes.SHA256())]
    certificate, key_file = folder / "own.pem", folder / "own.key"
    certificate.write_bytes(b"".join(found.public_bytes(serialization.Encoding.PEM) for found in chain))
    form = serialization.PrivateFormat.PKCS8
    key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return certificate, key_file


@pytest.mark.parametrize("kind", ["ed25519", "p256", "p384", "rsa"])
def test_own_certificate_signs_and_is_named(tmp_path: Path, kind: str) -> None:
    credential = open_credential(tmp_path / "p", utc_now, *own_files(tmp_path, kind))
    assert (credential.signer, credential.is_development) == ("Pictures Ltd", False)
    assert not (tmp_path / "p" / "development.pem").exists()
    sealed = seal(encode(photo()), "image/png", "algorithmicMedia", credential.signing)
    marks = read_marks(sealed, credential.known)
    assert (marks.seal, marks.is_ours) == ("valid", True)
    assert marks.signer.startswith("Pictures Ltd")
    assert not read_marks(sealed, foreign_credential().known).is_ours


def faulty(folder: Path, fault: str) -> tuple[Path, Path]:
    certificate, key = own_files(folder)
    text = certificate.read_text()
    parts = [f"-----BEGIN{part}" for part in text.split("-----BEGIN")[1:]]
    spoil = {
        "no certificate": lambda: certificate.write_text("hello"),
        "no key": lambda: key.write_text("hello"),
        "other key": lambda: own_files(folder / "other")[1].replace(key),
        "not there": certificate.unlink,
        "alone": lambda: certificate.write_text(parts[0]),
        "out of order": lambda: certificate.write_text(parts[0] + parts[2] + parts[1]),
        "wrong use": lambda: own_files(folder, digital_signature=False, content_commitment=True),
        "wrong kind": lambda: own_files(folder, "k1"),
    }
    spoil[fault]()
    return certificate, key


@pytest.mark.parametrize(
    ("fault", "cure"),
    [
        ("no certificate", "IMAGEROUTE_C2PA_CERTIFICATE holds no certificate"),
        ("no key", "IMAGEROUTE_C2PA_KEY holds no private key"),
        ("other key", "Name its key"),
        ("not there", "Correct the path"),
        ("alone", "put the certificate of its issuer behind it"),
        ("out of order", "put each certificate before the one that issued it"),
        ("wrong use", "not for digital signatures"),
        ("wrong kind", "Use P-256"),
    ],
)
def test_wrong_certificate_is_refused_with_its_cure(tmp_path: Path, fault: str, cure: str) -> None:
    (tmp_path / "other").mkdir()
    files = faulty(tmp_path, fault)
    with pytest.raises(Unavailable) as caught:
        open_credential(tmp_path / "p", utc_now, *files)
    assert cure in caught.value.message


def test_certificate_outside_its_time_is_refused(tmp_path: Path) -> None:
    files = own_files(tmp_path)
    for late, cure in ((timedelta(days=4000), "expired"), (timedelta(days=-500), "not valid yet")):
        with pytest.raises(Unavailable) as caught:
            open_credential(tmp_path / "p", lambda late=late: utc_now() + late, *files)
        assert cure in caught.value.message


def test_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "p").write_text("a file")
    with pytest.raises(Unavailable) as caught:
        open_credential(tmp_path / "p", utc_now)
    assert str(tmp_path / "p") in caught.value.message
