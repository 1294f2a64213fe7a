"""What the fields of pictures mean."""

from collections.abc import Mapping

from imageroute_app.domain.data_map.meanings import Meaning, us, you

OF_PICTURES: Mapping[str, Mapping[str, Meaning]] = {
    "images": {
        "position": us("Its place among the pictures of its generation"),
        "prompt": you("The words that it was made from; for a saved upload its file name"),
        "negative": you("What you asked to leave out"),
        "style": you("The style that you chose"),
        "seed": us("The number that makes it again; -1 where the provider tells none"),
        "price_credits": us("What it cost you", "credits"),
        "took_ms": us("How long it took", "milliseconds"),
        "source_type": us("How it was made, an IPTC term"),
        "source_id": us("The picture that it was made from"),
        "favourite": you("Whether you marked it"),
        "trashed": you("Whether it is in your trash"),
        "trashed_at": us("When you put it there", "UTC"),
        "purge_at": us("When it is erased from there", "UTC"),
        "crc32": us("A short checksum of the file"),
        "albums": you("The albums that you put it in"),
        "tags": you("The words that you gave it"),
    },
    "albums": {"name": you("The name that you gave it"), "cover_id": you("The picture on its cover")},
    "uploads": {
        "kind": you("Whether it is a picture or a mask"),
        "name": you("What your file was called"),
        "uploaded_at": us("When it came in", "UTC"),
        "notice_at": us("When you are told that it goes soon", "UTC"),
        "going_since": us("Since when it is being erased", "UTC"),
        "failures": us("How often erasing it had to be tried again", "times"),
    },
    "shares": {
        "token": us("The end of the link's address"),
        "token_hash": us("A hash of it, by which the link is found"),
        "password_hash": us("A hash of the link's password, if it has one"),
        "with_metadata": you("Whether the page shows prompt and settings"),
    },
    "archives": {
        "title": you("What the download holds"),
        "encoding": you("The format that you chose"),
        "edge_px": you("The longest edge that you chose; 0 as it is", "pixels"),
        "with_settings": you("Whether the files carry their settings"),
        "done": us("How many files were ready", "files"),
        "gaps": us("Pictures that could not be put in, and why"),
    },
}
