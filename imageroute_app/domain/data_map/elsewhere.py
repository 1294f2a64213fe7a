"""What lies outside the tables of people's records: on the device, in folders, in the log, at companies."""

from collections.abc import Mapping

from imageroute_app.domain.data_map.kinds import Category, Erasure, Item, Place, Receiver, Recipient, Source
from imageroute_app.domain.purposes import Purpose

SYSTEM_TABLES: Mapping[str, Item] = {
    "image_tokens": Item(
        text="keyed words of prompts and tags, albums, models and shapes, so that search works on encrypted texts;"
        " erased with the image",
        serves=Purpose.GALLERY, source=Source.HERE, rule="image", category=Category.IMAGES,
    ),
    "image_tokens_version": Item(
        text="which release made those words; no personal data",
        serves=Purpose.GALLERY, source=Source.HERE, rule="system", category=Category.HOUSE, erased=Erasure.NOTHING,
    ),
    "subject_keys": Item(
        text="one wrapped key per person, in a key store of its own; destroying it ends every copy",
        serves=Purpose.SECURITY, source=Source.HERE, rule="account", category=Category.ACCOUNT,
    ),
    "leases": Item(
        text="which worker sweeps; no personal data",
        serves=Purpose.SECURITY, source=Source.HERE, rule="system", category=Category.HOUSE, erased=Erasure.NOTHING,
    ),
    "alembic_version": Item(
        text="schema version; no personal data",
        serves=Purpose.SECURITY, source=Source.HERE, rule="system", category=Category.HOUSE, erased=Erasure.NOTHING,
    ),
}

COOKIES: Mapping[str, Item] = {
    "ir_session": Item(
        text="keeps you signed in; HttpOnly, ends 7 days after the last use",
        serves=Purpose.ACCOUNT, source=Source.HERE, rule="session", place=Place.DEVICE, erased=Erasure.DEVICE,
        category=Category.SIGN_INS,
    ),
    "ir_anon": Item(
        text="binds a page to its connection before you sign in; HttpOnly, ends with the browser",
        serves=Purpose.SECURITY, source=Source.HERE, rule="device", place=Place.DEVICE, erased=Erasure.DEVICE,
    ),
    "ir_choices": Item(
        text="remembers what you answered about statistics, so that you are not asked again; HttpOnly, ends after six months",
        serves=Purpose.RIGHTS, source=Source.PERSON, rule="device", place=Place.DEVICE, erased=Erasure.DEVICE,
        category=Category.PRIVACY,
    ),
    "ir_visitor": Item(
        text="lets one visitor count once a day, only after your yes to statistics; HttpOnly, ends with the day or your no",
        serves=Purpose.ANALYTICS, source=Source.HERE, rule="device", place=Place.DEVICE, erased=Erasure.DEVICE,
        is_essential=False,
    ),
    "ir_door": Item(
        text="makes sure that who comes back from the sign-in service is the browser that left; HttpOnly, for half an hour",
        serves=Purpose.SECURITY, source=Source.HERE, rule="door", place=Place.DEVICE, erased=Erasure.DEVICE,
    ),
    "ir_carried": Item(
        text="carries what you chose over a new sign-in that proves that it is you; HttpOnly, for half an hour at most",
        serves=Purpose.SECURITY, source=Source.HERE, rule="door", place=Place.DEVICE, erased=Erasure.DEVICE,
    ),
    "ir_age": Item(
        text="remembers for one hour that the age screen said no; HttpOnly, set only then",
        serves=Purpose.SECURITY, source=Source.HERE, rule="age_refused", place=Place.DEVICE, erased=Erasure.DEVICE,
    ),
}

STORAGE_KEYS: Mapping[str, Item] = {
    "sessionStorage.token": Item(
        text="names this tab's connection; useless without the cookie",
        serves=Purpose.ACCOUNT, source=Source.HERE, rule="device", place=Place.DEVICE, erased=Erasure.DEVICE,
    ),
    "sessionStorage.react-router-scroll-positions": Item(
        text="how far you had scrolled, so that Back returns there; written when you leave a page, gone with the tab",
        serves=Purpose.ACCOUNT, source=Source.BROWSER, rule="device", place=Place.DEVICE, erased=Erasure.DEVICE,
    ),
    "localStorage.theme": Item(
        text="light or dark; kept only when you switch, so that no page flashes in the other",
        serves=Purpose.ACCOUNT, source=Source.PERSON, rule="device", place=Place.DEVICE, erased=Erasure.DEVICE,
    ),
    "localStorage.letters": Item(
        text="single-letter shortcuts are off; kept only when you turn them off",
        serves=Purpose.ACCOUNT, source=Source.PERSON, rule="device", place=Place.DEVICE, erased=Erasure.DEVICE,
    ),
    "localStorage.last_compiled_theme": Item(
        text="the default the page was built with, where it runs for development only; no personal data",
        serves=Purpose.ACCOUNT, source=Source.HERE, rule="device", place=Place.DEVICE, erased=Erasure.DEVICE,
    ),
}

MEDIA_PREFIXES: Mapping[str, Item] = {
    "images/": Item(
        text="pictures and their sizes, per person and image; erased with them",
        serves=Purpose.GALLERY, source=Source.COMPANY, rule="image", erased=Erasure.BYTES, category=Category.IMAGES,
        recipients=(Recipient.MEDIA, Recipient.MODEL, Recipient.VISITORS),
    ),
    "uploads/": Item(
        text="pictures you brought along and masks, per person and upload; erased 30 days after the upload",
        serves=Purpose.UPLOAD, source=Source.PERSON, rule="upload", erased=Erasure.BYTES, category=Category.UPLOADS,
        recipients=(Recipient.MEDIA, Recipient.MODEL),
    ),
    "archives/": Item(
        text="what was made for a download: names and recipes, sealed under your key, and pictures in another format or with "
        "settings inside; erased after 7 days",
        serves=Purpose.GALLERY, source=Source.HERE, rule="archive", erased=Erasure.BYTES, category=Category.IMAGES,
        recipients=(Recipient.MEDIA,),
    ),
    "cases/": Item(
        text="files that you added to a request or a question, per person and case; erased with it",
        serves=Purpose.SUPPORT, source=Source.PERSON, rule="case", erased=Erasure.BYTES, category=Category.SUPPORT,
        recipients=(Recipient.MEDIA,),
    ),
}

FILES: Mapping[str, Item] = {
    "provenance/": Item(
        text="the certificates that marks in pictures are signed with; nothing about a person",
        serves=Purpose.GENERATE, source=Source.HERE, rule="system", category=Category.HOUSE, erased=Erasure.NOTHING,
    ),
    "tombstones/": Item(
        text="keyed hashes of what was erased, people and single records, so that no backup brings it back; nothing readable",
        serves=Purpose.RIGHTS, source=Source.HERE, rule="tombstone", category=Category.HOUSE, erased=Erasure.UNLINKED,
    ),
    "sandbox-payments/": Item(
        text="test payments of the sandbox: order numbers and amounts; deleted with the account, no money moved",
        serves=Purpose.PAYMENT, source=Source.HERE, rule="payment", category=Category.CREDITS,
    ),
    "outbox/": Item(
        text="mails that were not sent because no mail server is set; removed after 7 days",
        serves=Purpose.ACCOUNT, source=Source.HERE, rule="outbox", category=Category.ACCOUNT,
    ),
    "moved-to-*.jsonl": Item(
        text="ids and hashes of pictures that a move to another store has verified; removed when it is finished",
        serves=Purpose.GALLERY, source=Source.HERE, rule="move", category=Category.IMAGES,
    ),
}

LOGS: Mapping[str, Item] = {
    "process log": Item(
        text="ids and codes of what went wrong; never a prompt, an address, a name or a picture",
        serves=Purpose.SECURITY, source=Source.HERE, rule="log", erased=Erasure.NOTHING,
    ),
    "attempt counters": Item(
        text="how often a digest of a network address or an email was tried; in memory or Redis",
        serves=Purpose.SECURITY, source=Source.BROWSER, rule="counter", erased=Erasure.NOTHING,
    ),
    "page state": Item(
        text="what an open page shows, for as long as it is connected; in memory, or in Redis for an hour",
        serves=Purpose.ACCOUNT, source=Source.HERE, rule="page_state", category=Category.SIGN_INS,
    ),
}

RECEIVERS: Mapping[str, Receiver] = {
    "clerk": Receiver(
        name="Clerk, United States,",
        receives=("your name, address and password, which you type there", "when and by which device you sign in"),
        when="to sign you in on this installation; never a prompt or a picture",
        countries=("United States",),
        serves=Purpose.ACCOUNT,
        kept="until the account is erased",
        deletes="by its API as the last step of an erasure, and it is asked until it answers that nobody is there",
        hosts=("api.clerk.com", "*.clerk.accounts.dev", "*.accounts.dev"),
    ),
    "cloudinary": Receiver(
        name="Cloudinary, Israel and United States,",
        receives=("every picture and its sizes", "their ids and that of your account", "never a name, an address or a prompt"),
        when="to keep them for this installation; deleted with the picture, copies and backups included",
        countries=("Israel", "United States"),
        serves=Purpose.GALLERY,
        kept="until we delete it; copies at its edge are told to go at once",
        deletes="by its API, and the delivery address is asked until it answers 404",
        hosts=("api.cloudinary.com", "res.cloudinary.com"),
    ),
    "dodo": Receiver(
        name="Dodo Payments, United States,",
        receives=("your email address", "what you buy, and the order's number", "what you type on its page, card included"),
        when="if you buy credits; it is the seller, takes the payment and writes the invoice",
        countries=("United States",),
        serves=Purpose.PAYMENT,
        kept="invoices and payments as long as the law makes the seller keep them",
        deletes="it has no deletion: name and address are taken out of the customer there, and a notice is sent",
        hosts=("test.dodopayments.com", "live.dodopayments.com"),
    ),
}
"""Companies that an installation may use whatever model is chosen, by the name of the adapter; none on embedded defaults."""
