"""Open the certificate that marks are signed with: the operator's own, or one made here for development.

The development key lies in <data>/provenance/development.pem, readable by its owner only. Beside it, known.pem lists every
certificate this installation has signed with (public parts), so that older pictures are known again after a change.
Rules of a certificate: C2PA specification 2.2, section 14.5 (checked 26 Nov 2026).
"""

import os
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from imageroute_app.adapters.imaging.credential import Credential, Known, SigningKey
from imageroute_app.domain.errors import Unavailable
from imageroute_app.domain.ports import Clock

CERTIFICATE_SETTING, KEY_SETTING = "IMAGEROUTE_C2PA_CERTIFICATE", "IMAGEROUTE_C2PA_KEY"
DEVELOPMENT_NAME = "ImageRoute development certificate"
DEVELOPMENT_DAYS, BACKDATED_DAYS, RENEW_BEFORE = 3650, 400, timedelta(days=30)
"""A signature without a time stamp ends with its certificate, so this one lasts; backdated, so that no clock is too early."""
CLAIM_SIGNING = x509.ObjectIdentifier("1.3.6.1.4.1.62558.2.1")
DOCUMENT_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")
PURPOSES = {ExtendedKeyUsageOID.EMAIL_PROTECTION, CLAIM_SIGNING, DOCUMENT_SIGNING}
CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
RSA_BITS_MIN = 2048
NO_USES = dict.fromkeys(
    ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
     "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    False,
)  # fmt: skip


def open_credential(folder: Path, clock: Clock, certificate: Path | None = None, key: Path | None = None) -> Credential:
    """Return the operator's own certificate when its two files are named, else the development one, made when needed.

    Args:
        folder: Where the development certificate and the list of known ones lie; made when it is not there.
        clock: Tells whether a certificate has expired.
        certificate: PEM file: the signing certificate first, then those between it and the root.
        key: PEM file of its private key, without a passphrase.

    Raises:
        Unavailable: naming the setting or the folder, and the cure.
    """
    now = clock()
    is_development = certificate is None or key is None
    if certificate is None or key is None:
        signing = _development(folder, now)
    else:
        signing = SigningKey("", _read(certificate, CERTIFICATE_SETTING), _read(key, KEY_SETTING))
    chain, algorithm = _checked(signing, now)
    leaf = chain[0]
    return Credential(
        signing=signing._replace(algorithm=algorithm),
        known=_known(folder, chain),
        signer=_name(leaf),
        is_development=is_development,
        expires_at=leaf.not_valid_after_utc,
    )


def _read(path: Path, setting: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Unavailable(
            f"{setting} names {path}, which cannot be read: {error.strerror}. Correct the path."
        ) from error


def _checked(signing: SigningKey, now: datetime) -> tuple[list[x509.Certificate], str]:
    """Return the chain and the key's algorithm; raises Unavailable with the cure for the first fault."""
    try:
        chain = x509.load_pem_x509_certificates(signing.chain)
    except ValueError as error:
        cure = "Use a PEM file with the signing certificate first."
        raise Unavailable(f"{CERTIFICATE_SETTING} holds no certificate that can be read. {cure}") from error
    try:
        key = serialization.load_pem_private_key(signing.key, password=None)
    except (ValueError, TypeError) as error:
        cure = "Use a PEM file without a passphrase."
        raise Unavailable(f"{KEY_SETTING} holds no private key that can be read. {cure}") from error
    if key.public_key() != chain[0].public_key():
        raise Unavailable(
            f"{KEY_SETTING} is not the key of the first certificate in {CERTIFICATE_SETTING}. Name its key."
        )
    for fault in _faults(chain, now):
        raise Unavailable(f"{CERTIFICATE_SETTING} cannot sign: {fault}.")
    return chain, _algorithm(key)


def _faults(chain: list[x509.Certificate], now: datetime) -> list[str]:
    leaf = chain[0]
    rules = [
        (leaf.not_valid_after_utc <= now, "it has expired; renew it"),
        (leaf.not_valid_before_utc > now, "it is not valid yet; check the clock of this machine"),
        (_is_self_signed(leaf), "it is signed by itself; use one that an authority issued"),
        (len(chain) == 1, "it stands alone; put the certificate of its issuer behind it"),
        (_is_authority(leaf), "it is an authority's; put the signing certificate first"),
        (not _may_sign(leaf), "its key usage is not for digital signatures; ask for one that is"),
        (
            not _purposes(leaf) & PURPOSES,
            "its extended key usage names none of C2PA claim signing, document signing and email protection; ask for one",
        ),
        (
            any(not _issued(upper, lower) for lower, upper in pairwise(chain)),
            "its chain is out of order; put each certificate before the one that issued it",
        ),
    ]
    return [fault for is_broken, fault in rules if is_broken]


def _is_self_signed(leaf: x509.Certificate) -> bool:
    return leaf.issuer == leaf.subject and _issued(leaf, leaf)


def _issued(upper: x509.Certificate, lower: x509.Certificate) -> bool:
    try:
        lower.verify_directly_issued_by(upper)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _is_authority(leaf: x509.Certificate) -> bool:
    try:
        return leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _may_sign(leaf: x509.Certificate) -> bool:
    try:
        return leaf.extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature
    except x509.ExtensionNotFound:
        return False


def _purposes(leaf: x509.Certificate) -> set[x509.ObjectIdentifier]:
    try:
        return set(leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        return set()


def _algorithm(key: object) -> str:
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in CURVES:
        return CURVES[key.curve.name]
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= RSA_BITS_MIN:
        return "ps256"
    raise Unavailable(
        f"{KEY_SETTING} is of a kind that C2PA does not take. Use P-256, P-384, P-521, Ed25519 or RSA 2048."
    )


def _name(leaf: x509.Certificate) -> str:
    for kind in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        for attribute in leaf.subject.get_attributes_for_oid(kind):
            return str(attribute.value)
    return leaf.subject.rfc4514_string()


def _known(folder: Path, chain: Sequence[x509.Certificate]) -> Known:
    """Add the certificate and its issuer's to the list of those we signed with, and return the list."""
    path = folder / "known.pem"
    pair = b"".join(found.public_bytes(serialization.Encoding.PEM) for found in chain[:2])
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        listed = path.read_bytes() if path.exists() else b""
        if pair not in listed:
            listed += pair
            _write(path, listed)
        certificates = x509.load_pem_x509_certificates(listed)
    except OSError as error:
        raise _unwritable(folder) from error
    except ValueError as error:
        raise Unavailable(
            f"{path} is damaged: restore it, or delete it; older pictures are then not known again."
        ) from error
    issuers = b"".join(found.public_bytes(serialization.Encoding.PEM) for found in certificates[1::2])
    return Known(issuers, tuple(str(found.serial_number) for found in certificates[::2]))


def _development(folder: Path, now: datetime) -> SigningKey:
    path = folder / "development.pem"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        kept = path.read_bytes() if path.exists() else b""
        if not _lasts(kept, now):
            kept = _make_development(now)
            _write(path, kept)
    except OSError as error:
        raise _unwritable(folder) from error
    key, _, chain = kept.partition(b"-----BEGIN CERTIFICATE-----")
    return SigningKey("", b"-----BEGIN CERTIFICATE-----" + chain, key)


def _lasts(kept: bytes, now: datetime) -> bool:
    try:
        leaf = x509.load_pem_x509_certificates(kept)[0]
    except ValueError:
        return False
    return leaf.not_valid_before_utc <= now < leaf.not_valid_after_utc - RENEW_BEFORE


def _write(path: Path, data: bytes) -> None:
    """Put the whole file in place at once, readable by its owner only."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _unwritable(folder: Path) -> Unavailable:
    return Unavailable(f"The folder {folder} of the signing certificate cannot be used: change its owner or make room.")


def _make_development(now: datetime) -> bytes:
    """Return key, certificate and its issuer's certificate, PEM; the issuer's key is thrown away."""
    authority, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer, subject = _subject("ImageRoute development authority"), _subject(DEVELOPMENT_NAME)
    above = (
        _certificate(issuer, issuer, authority, now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(**{**NO_USES, "key_cert_sign": True, "crl_sign": True}), critical=True)
        .sign(authority, hashes.SHA256())
    )
    leaf = (
        _certificate(subject, issuer, key, now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**{**NO_USES, "digital_signature": True}), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()), critical=False)
        .sign(authority, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + b"".join(found.public_bytes(serialization.Encoding.PEM) for found in (leaf, above))


def _subject(name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "ImageRoute development"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=BACKDATED_DAYS))
        .not_valid_after(now + timedelta(days=DEVELOPMENT_DAYS))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
