"""Passkeys by py_webauthn: what browsers are asked, and whether their answers are true.

No attestation is asked for: we do not need to know whose make a device is. The person must have been verified by the device, so
that a passkey is two factors in one. The library is loaded on first use: a start need not wait for it.
"""

import base64
import ipaddress
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from imageroute_app.domain.errors import Conflict, InvalidInput
from imageroute_app.domain.factors import Passkey
from imageroute_app.domain.ports import NewPasskey

WAIT_MS = 120_000
BAD = "The passkey's answer could not be read. Try again."
REFUSED = "The passkey did not prove that it is yours. Try again."
NO_NAME = "Browsers allow passkeys only where the address is a name. Open this page at {origin}."


class WebAuthnCeremony:
    """domain.ports.PasskeyCeremony."""

    def creation(self, origin: str, *, user: bytes, name: str, challenge: bytes, known: Sequence[str]) -> str:
        """Return PublicKeyCredentialCreationOptions as JSON."""
        from webauthn import generate_registration_options, options_to_json
        from webauthn.helpers import structs

        options = generate_registration_options(
            rp_id=_host(origin),
            rp_name="ImageRoute",
            user_id=user,
            user_name=name,
            challenge=challenge,
            timeout=WAIT_MS,
            attestation=structs.AttestationConveyancePreference.NONE,
            authenticator_selection=structs.AuthenticatorSelectionCriteria(
                resident_key=structs.ResidentKeyRequirement.REQUIRED,
                user_verification=structs.UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[structs.PublicKeyCredentialDescriptor(id=_bytes(one)) for one in known],
        )
        return options_to_json(options)

    def request(self, origin: str, challenge: bytes) -> str:
        """Return PublicKeyCredentialRequestOptions as JSON, for any passkey of this host."""
        from webauthn import generate_authentication_options, options_to_json
        from webauthn.helpers.structs import UserVerificationRequirement

        options = generate_authentication_options(
            rp_id=_host(origin),
            challenge=challenge,
            timeout=WAIT_MS,
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return options_to_json(options)

    def challenge(self, answer: str) -> bytes:
        """Return the challenge that an answer says it answers."""
        try:
            client = json.loads(_bytes(_object(answer)["response"]["clientDataJSON"]))
            return _bytes(client["challenge"])
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidInput(BAD) from error

    def credential(self, answer: str) -> str:
        """Return the id of the passkey that answers, as base64url without padding."""
        try:
            return _text(_bytes(_object(answer)["rawId"]))
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidInput(BAD) from error

    def read_new(self, origin: str, answer: str, challenge: bytes) -> NewPasskey:
        """Check a new passkey and return its public half."""
        from webauthn import verify_registration_response
        from webauthn.helpers.exceptions import WebAuthnException
        from webauthn.helpers.structs import CredentialDeviceType

        try:
            found = verify_registration_response(
                credential=answer,
                expected_challenge=challenge,
                expected_rp_id=_host(origin),
                expected_origin=origin,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError, KeyError, TypeError) as error:
            raise InvalidInput(REFUSED) from error
        return NewPasskey(
            credential=_text(found.credential_id),
            public_key=_text(found.credential_public_key),
            count=found.sign_count,
            is_synced=found.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
        )

    def read_use(self, origin: str, answer: str, challenge: bytes, passkey: Passkey) -> int:
        """Check an answer of a known passkey and return the device's counter; a counter that goes back is refused."""
        from webauthn import verify_authentication_response
        from webauthn.helpers.exceptions import WebAuthnException

        try:
            found = verify_authentication_response(
                credential=answer,
                expected_challenge=challenge,
                expected_rp_id=_host(origin),
                expected_origin=origin,
                credential_public_key=_bytes(passkey.public_key),
                credential_current_sign_count=passkey.count,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError, KeyError, TypeError) as error:
            raise InvalidInput(REFUSED) from error
        return found.new_sign_count


def _bytes(text: str) -> bytes:
    """Read base64url without padding (RFC 4648, section 5)."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _object(answer: str) -> dict[str, Any]:
    found = json.loads(answer)
    if not isinstance(found, dict):
        raise TypeError(answer)
    return found


def _host(origin: str) -> str:
    """Return the relying party's id: the host of the origin, which browsers take only when it is a name (WebAuthn 5.1.3)."""
    parts = urlsplit(origin)
    host = parts.hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host
    port = f":{parts.port}" if parts.port else ""
    raise Conflict(NO_NAME.format(origin=f"{parts.scheme}://localhost{port}"))
