"""What we hold of the account itself."""

from collections.abc import Mapping

from imageroute_app.domain.accounts import MailToken, Person, Session
from imageroute_app.domain.data_map.kinds import Basis, Category, K, P, Recipient, S, Source, Table
from imageroute_app.domain.factors import Authenticator, Passkey
from imageroute_app.domain.identity import Identity
from imageroute_app.domain.notices import Notice
from imageroute_app.domain.policies import Acknowledgement
from imageroute_app.domain.purposes import Purpose

ACCOUNT: Mapping[str, Table] = {
    "people": Table(
        record=Person,
        category=Category.ACCOUNT,
        purpose="Your account",
        basis=Basis.CONTRACT,
        serves=Purpose.ACCOUNT,
        source=Source.PERSON,
        recipients=(Recipient.MAIL,),
        rule="account",
        kept="while the account is open",
        exported="account.json",
        keys=("email_key",),
        dates=("idle_at",),
        fields={
            "id": P, "owner": P, "email": S, "email_key": K, "full_name": S, "password_hash": S, "age_band": P,
            "country": P, "wants_newsletter": P, "email_verified_at": P, "welcomed_at": P, "created_at": P,
            "locked_for": P, "idle_at": P, "idle_told": P, "version": P,
        },
    ),
    "sessions": Table(
        record=Session,
        category=Category.SIGN_INS,
        purpose="Keeping you signed in",
        basis=Basis.CONTRACT,
        serves=Purpose.ACCOUNT,
        source=Source.BROWSER,
        rule="session",
        kept="7 days after the last use, 30 days at most",
        exported="sessions.json",
        keys=("token_hash",),
        dates=("expires_at",),
        expires="expires_at",
        fields={
            "id": P, "owner": P, "token_hash": P, "device": S, "created_at": P, "seen_at": P, "expires_at": P,
            "confirmed_at": P, "outside_id": S, "checked_at": P, "version": P,
        },
    ),
    "identities": Table(
        record=Identity,
        category=Category.SIGN_INS,
        purpose="Knowing you again when you come from the sign-in service",
        basis=Basis.CONTRACT,
        serves=Purpose.ACCOUNT,
        source=Source.COMPANY,
        recipients=(Recipient.IDENTITY,),
        rule="identity",
        kept="while the account is open; deleted at the service last",
        exported="identity.json",
        keys=("subject_key",),
        fields={
            "id": P, "owner": P, "provider": P, "subject": S, "subject_key": K, "told_at": P, "created_at": P, "version": P,
        },
    ),
    "mail_tokens": Table(
        record=MailToken,
        category=Category.SIGN_INS,
        purpose="Links in mails that prove the address is yours",
        basis=Basis.CONTRACT,
        serves=Purpose.ACCOUNT,
        source=Source.HERE,
        recipients=(Recipient.MAIL,),
        rule="mail_token",
        kept="until used, 24 hours at most",
        exported="mail-links.json",
        keys=("token_hash",),
        dates=("expires_at",),
        filters=("purpose",),
        expires="expires_at",
        fields={
            "id": P, "owner": P, "token_hash": P, "purpose": P, "created_at": P, "expires_at": P, "version": P,
        },
    ),
    "authenticators": Table(
        record=Authenticator,
        category=Category.SIGN_INS,
        purpose="Codes of an app that you type after the password",
        basis=Basis.CONTRACT,
        serves=Purpose.ACCOUNT,
        source=Source.HERE,
        rule="factor",
        kept="until you turn it off, or while the account is open",
        exported="authenticator.json",
        fields={
            "id": P, "owner": P, "secret": S, "codes_hash": S, "used_step": P, "created_at": P, "confirmed_at": P,
            "version": P,
        },
    ),
    "passkeys": Table(
        record=Passkey,
        category=Category.SIGN_INS,
        purpose="Passkeys that you sign in with",
        basis=Basis.CONTRACT,
        serves=Purpose.ACCOUNT,
        source=Source.PERSON,
        rule="factor",
        kept="until you remove it, or while the account is open",
        exported="passkeys.json",
        keys=("credential_key",),
        fields={
            "id": P, "owner": P, "name": S, "credential": S, "credential_key": K, "public_key": S, "count": P,
            "is_synced": P, "created_at": P, "used_at": P, "version": P,
        },
    ),
    "notices": Table(
        record=Notice,
        category=Category.ACCOUNT,
        purpose="What you were told",
        basis=Basis.CONTRACT,
        serves=Purpose.ACCOUNT,
        source=Source.HERE,
        recipients=(Recipient.MAIL,),
        rule="notice",
        kept="until the next notice on its topic, or while the account is open",
        exported="notices.json",
        unique=("topic",),
        dates=("seen_at", "mail_due_at"),
        fields={
            "id": P, "owner": P, "topic": P, "text": S, "path": P, "created_at": P, "seen_at": P,
            "subject": S, "mail_due_at": P, "is_banner": P, "version": P,
        },
    ),
    "acknowledgements": Table(
        record=Acknowledgement,
        category=Category.PRIVACY,
        purpose="Which policy and terms you were shown, and when",
        basis=Basis.LEGAL,
        serves=Purpose.RIGHTS,
        source=Source.PERSON,
        rule="acknowledgement",
        kept="while the account is open",
        exported="policy-acknowledgements.json",
        unique=("edition",),
        dates=("told_at",),
        fields={
            "id": P, "owner": P, "kind": P, "edition": P, "sha256": P, "shown": P, "at": P, "told_at": P, "version": P,
        },
    ),
}
