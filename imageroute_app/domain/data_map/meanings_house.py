"""What the fields mean that say which texts a person saw, and what the installation measures of itself."""

from collections.abc import Mapping

from imageroute_app.domain.data_map.meanings import Meaning, us

OF_HOUSE: Mapping[str, Mapping[str, Meaning]] = {
    "acknowledgements": {
        "kind": us("Which text: privacy policy or terms"),
        "edition": us("Which version of it you were shown; empty for one from before versions were kept"),
        "sha256": us("The SHA-256 of that version, by which it can be told from every other"),
        "shown": us("Where you were shown it"),
        "at": us("When you were shown it", "UTC"),
        "told_at": us("When you were last told of a change to come", "UTC"),
    },
    "announcements": {
        "edition": us("The version that people are told of"),
        "announced_at": us("When telling began", "UTC"),
    },
    "heard_webhooks": {
        "number_hash": us("A hash of the number of the message"),
        "drop_at": us("When it is forgotten", "UTC"),
    },
    "measures": {
        "metric": us("Which figure"),
        "state": us("Whether it meets its target"),
        "value": us("The figure"),
        "note": us("What to do about it"),
        "taken_at": us("When it was measured", "UTC"),
    },
    "erasures": {
        "code": us("The secret end of the status page's address"),
        "subject": us("Your id, until it is over"),
        "phase": us("Where the erasure stands"),
        "asked_at": us("When you asked", "UTC"),
        "grace_until": us("Until when you can call it off", "UTC"),
        "due_at": us("When it goes on", "UTC"),
        "remind_at": us("When you are reminded", "UTC"),
        "ended_at": us("When it was over", "UTC"),
        "reason": us("Whether you asked or a report was confirmed"),
    },
    "erasure_steps": {
        "place": us("Its place in the order"),
        "system": us("Which part of ours or which company"),
        "label": us("Its name on the page"),
        "state": us("How it stands"),
        "detail": us("That in a sentence"),
        "proof": us("What was found when it was looked for again"),
        "count": us("How many things went", "things"),
        "tries": us("How often it was tried", "times"),
        "at": us("When it was tried last", "UTC"),
        "next_at": us("When it is tried again, or when a company's answer is due", "UTC"),
        "until": us("Until when something stays there", "UTC"),
    },
    "farewells": {
        "erasure_id": us("Which erasure"),
        "address": us("Where the last mail goes"),
        "identity": us("The number at the sign-in service that is deleted there last; empty for none"),
    },
}
