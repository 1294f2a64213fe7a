"""What the fields of the journal, of disclosures and of the newsletter mean."""

from collections.abc import Mapping

from imageroute_app.domain.data_map.meanings import Meaning, us, you

OF_PEOPLE: Mapping[str, Mapping[str, Meaning]] = {
    "activity": {
        "kind": us("What happened"),
        "at": us("When it happened", "UTC"),
        "address": you("The network address it came from; cut after 24 hours"),
        "device": you("The kind of browser and system it came from"),
        "detail": us("Which setting or act it was"),
        "cut_at": us("When the address is cut; empty once it is", "UTC"),
        "drop_at": us("When the line is deleted", "UTC"),
    },
    "disclosures": {
        "receiver": us("Which kind of receiver it was"),
        "company": us("Who received it"),
        "country": us("Where it went"),
        "retention": us("How long the receiver keeps it, as far as it says so"),
        "what": us("What it was"),
        "count": us("How often on that day"),
        "slot": us("The day or the mail that it stands for"),
        "at": us("When it left", "UTC"),
        "ends_at": us("When it is gone there, if that is known", "UTC"),
    },
    "waiting_mails": {
        "address": you("Where the mail goes"),
        "subject": us("What the mail is about"),
        "text": us("What the mail says"),
        "link": us("The page that the mail leads to"),
        "headers": us("What the mail says to mail programs"),
        "is_asked": us("Whether somebody had just asked for this mail"),
        "tries": us("How often it was tried", "times"),
        "next_at": us("When it is tried again", "UTC"),
        "drop_at": us("When it is deleted even if it never left", "UTC"),
    },
    "quiet_addresses": {
        "address_key": us("A keyed hash of the address, by which we find it"),
        "status": us("Why mail came back, by the number that mail servers give (RFC 3463)"),
        "drop_at": us("When we try the address again", "UTC"),
    },
    "newsletter_subscriptions": {
        "email": you("The address that asked for the newsletter"),
        "email_key": us("A keyed hash of the address, by which we find it"),
        "asked_at": us("When somebody asked for it", "UTC"),
        "confirmed_at": us("When the address confirmed it", "UTC"),
        "drop_at": us("When it is deleted, if nothing happens", "UTC"),
        "issues": us("Which issues it was sent, by a part of their checksum"),
    },
}
