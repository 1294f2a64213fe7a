"""The answer to "what do you know about me?" as the data map gives it; the operator adds what is special (GDPR Art. 15(1))."""

from imageroute_app.domain.authorities import complaint_route
from imageroute_app.domain.data_map import DATA_MAP, Category

ADDRESS_ONLY = (Category.SUPPORT, Category.NEWSLETTER)
"""What there can be of somebody without an account."""


def access_answer(country: str, origin: str, *, has_account: bool = True) -> str:
    """Return the draft: categories with purposes, bases, periods and recipients, transfers, rights, authority."""
    categories = [category for category in Category if category is not Category.HOUSE] if has_account else ADDRESS_ONLY
    lines = [_of_category(category) for category in categories]
    copy = f"{origin}/privacy-center, Export my data" if has_account else f"{origin}/cases, with the code of your case"
    begin = "" if has_account else "No account has your address. "
    held = "\n".join(line for line in lines if line)
    return (
        f"{begin}This is what we hold about you, what for, on which basis, for how long, and who else gets it:\n\n"
        f"{held}\n\n"
        f"A copy of all of it: {copy}. Companies by name, their countries and the safeguards"
        f" of transfers: {origin}/processors. It comes from you, your browser, and what was made here. No decision about you is"
        " made by machines alone.\n\n"
        "You can have it corrected, erased, restricted or handed over, object, and withdraw any consent.\n\n"
        f"{complaint_route(country)}"
    )


def _of_category(category: Category) -> str:
    tables = [table for table in DATA_MAP.values() if table.category is category]
    if not tables:
        return ""
    purposes = "; ".join(dict.fromkeys(table.purpose for table in tables))
    bases = ", ".join(dict.fromkeys(str(table.basis) for table in tables))
    kept = "; ".join(dict.fromkeys(table.kept for table in tables))
    to = ", ".join(dict.fromkeys(str(one) for table in tables for one in table.recipients)) or "nobody"
    return f"{category}: {purposes}. Basis: {bases}. Kept: {kept}. Goes to: {to}."
