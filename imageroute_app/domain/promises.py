"""The promises of the privacy policy, P1 to P77, in our own words; /trust/promises shows each with its tests and its figure."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Promise:
    """What is promised, and the figure on /trust that watches it, by its id; empty where only tests can prove it."""

    sentence: str
    metric: str = ""


PROMISES: Mapping[str, Promise] = {
    "P1": Promise("The policy tells what is collected, used, given away and protected.", "datamap_unmapped_fields"),
    "P2": Promise("You can read it without an account, a cookie or a script, and leave without a trace."),
    "P3": Promise("An account takes an email; a full name only if you give one."),
    "P4": Promise("Purchases leave us an amount, a status and a transaction id, never card data.", "card_pattern_hits"),
    "P5": Promise("Support keeps your messages 24 months after the end, and no longer."),
    "P6": Promise("Updates are sent only after you ticked a box and confirmed the mail."),
    "P7": Promise("What you upload is stripped of hidden data, private, and gone after 30 days."),
    "P8": Promise("A picture is kept with how it was made: model, seed, size, cost, time."),
    "P9": Promise("Every picture made lands in your gallery and stays until you delete it."),
    "P10": Promise("Prompts are encrypted with your key and appear in no address, log or picture."),
    "P11": Promise("The access log cuts addresses after 24 hours and is gone after 30 days."),
    "P12": Promise("Browser and system are kept as coarse names, never as a fingerprint."),
    "P13": Promise("Statistics are counted only if you say yes, without names, and small groups are not shown."),
    "P14": Promise("Before you choose, your device holds the essential entries only.", "pre_consent_storage_items"),
    "P15": Promise("Error reports hold a number and a place in the program, never a prompt, an address or a name."),
    "P16": Promise("Payment lines serve accounting and support, nothing else."),
    "P17": Promise("The service runs for you on the contract, and needs no consent for that."),
    "P18": Promise("After an erasure only what accounting law demands is left, and no longer tied to you."),
    "P19": Promise("For each generation one line says who received what."),
    "P20": Promise("Your gallery is yours alone."),
    "P21": Promise("Improvement of the service ends for you when you object."),
    "P22": Promise("Features are developed from added-up figures, never from single people."),
    "P23": Promise("Opting out of offers stops offers at once and never the mails you need."),
    "P24": Promise("Usage is not measured unless you agree."),
    "P25": Promise("Security events are kept 90 days; no machine alone shuts you out for good."),
    "P26": Promise("Requests of authorities are registered, and you are told unless a law forbids it."),
    "P27": Promise("Only anonymised figures may ever teach a model, unless you agree for a single picture."),
    "P28": Promise("What is personal is encrypted in the database.", "plain_rows"),
    "P29": Promise("Pictures at a media company cannot be fetched without us.", "orphan_blobs"),
    "P30": Promise("What cannot be undone asks who you are once more."),
    "P31": Promise("Traffic is encrypted."),
    "P32": Promise("Nobody reaches what is yours; a look by staff needs a reason that you see."),
    "P33": Promise("Security is reviewed every 90 days.", "security_review_days"),
    "P34": Promise("Keys and secrets are kept out of the code, and can be revoked at once."),
    "P35": Promise("Every kind of record has a rule that ends it.", "records_without_rule"),
    "P36": Promise("Pictures made for you stay until you delete them.", "dangling_rows"),
    "P37": Promise("Uploads that you did not save are erased after 30 days.", "upload_overdue_seconds_max"),
    "P38": Promise("Your data is not sold.", "third_party_requests_before_consent"),
    "P39": Promise("Every company that receives data is named, and a new one is announced 30 days before."),
    "P40": Promise("A refusal gives its reason and can be appealed."),
    "P41": Promise("A sale of the service is announced 30 days before, with export and erasure at hand."),
    "P42": Promise("Everybody has all rights, wherever they live."),
    "P43": Promise(
        "You can see all that is held about you, why, for how long and who has it.", "export_needle_coverage"
    ),
    "P44": Promise("You can take all of it with you in common formats.", "export_success_rate"),
    "P45": Promise("You can download every picture as its original, one or all, and resume."),
    "P46": Promise("You can correct your details, and those who received them are told."),
    "P47": Promise("You can have everything erased, and watch it happen.", "erasure_residual_needles"),
    "P48": Promise("You can delete single pictures, with 30 days to change your mind or none."),
    "P49": Promise("You can close the account yourself in three clicks.", "erasure_time_p95"),
    "P50": Promise("You can stop all marketing with one click and no sign-in."),
    "P51": Promise("You can object to each purpose that rests on our interest; it stops first and is weighed later."),
    "P52": Promise("You can freeze your data: it is stored and nothing else."),
    "P53": Promise("A plain mail to us counts as much as any form.", "dsr_answered_within_law"),
    "P54": Promise("The session cookie is out of reach of scripts and ends after 7 days without use."),
    "P55": Promise("Preferences are stored on your device only once you change them."),
    "P56": Promise(
        "Statistics and performance are off until you switch them on; off is as easy as on.", "clicks_reject_accept"
    ),
    "P57": Promise("With everything optional off, everything essential works."),
    "P58": Promise("Children under 13, or 16 in the EEA, get no account, and nothing about them is stored."),
    "P59": Promise("A reported child's account is locked at once and erased within 24 hours of the review."),
    "P60": Promise("Figures that teach a model cover 20 people or more and hold no words and no pixels."),
    "P61": Promise(
        "A picture teaches a model only if you said so for this picture.", "training_rows_without_live_consent"
    ),
    "P62": Promise("You can take that back; nothing is trained in the first 14 days."),
    "P63": Promise("Before you press Generate you see who gets the prompt, where, and for how long."),
    "P64": Promise("Every transfer has a named country and a named safeguard."),
    "P65": Promise("Links to other sites are marked and do not tell where you came from."),
    "P66": Promise("Californians learn, correct and delete in the times of their law."),
    "P67": Promise("A Global Privacy Control signal is honoured, and said to be.", "gpc_requests_honoured"),
    "P68": Promise("Price, speed and features never depend on your privacy choices."),
    "P69": Promise("Every purpose has exactly one legal basis."),
    "P70": Promise("A consent is recorded with the exact words you saw, and nobody can change the record."),
    "P71": Promise("You are told where to complain, and we answer complaints within 30 days."),
    "P72": Promise("A material change is announced 14 days before by mail and banner; old texts stay readable."),
    "P73": Promise("Going on to use the service is never taken as consent.", "consents_without_event"),
    "P74": Promise("The policy names who is responsible and how to reach them.", "controller_named"),
    "P75": Promise("Signing up separates contract, information and consent; no box is ticked for you."),
    "P76": Promise("A breach is reported within 72 hours, and those concerned are told."),
    "P77": Promise("The data protection contact stands on every paper we give you."),
}
"""By id, in the order of the policy."""
