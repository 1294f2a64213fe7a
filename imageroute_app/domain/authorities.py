"""Who takes complaints about data protection, by country: the EU and EEA, and the neighbours most people ask about.

Names and addresses of the authorities' own sites as of November 2026; the EDPB keeps the list of its members.
"""

from collections.abc import Mapping
from dataclasses import dataclass

LIST_URL = "https://www.edpb.europa.eu/about-edpb/about-edpb/members_en"


@dataclass(frozen=True, slots=True)
class Authority:
    """An authority and its site."""

    name: str
    url: str


AUTHORITIES: Mapping[str, Authority] = {
    "AT": Authority("Datenschutzbehörde (Austria)", "https://www.dsb.gv.at"),
    "BE": Authority("Data Protection Authority (Belgium)", "https://www.dataprotectionauthority.be"),
    "BG": Authority("Commission for Personal Data Protection (Bulgaria)", "https://www.cpdp.bg"),
    "HR": Authority("Agencija za zaštitu osobnih podataka (Croatia)", "https://azop.hr"),
    "CY": Authority("Commissioner for Personal Data Protection (Cyprus)", "https://www.dataprotection.gov.cy"),
    "CZ": Authority("Úřad pro ochranu osobních údajů (Czechia)", "https://uoou.gov.cz"),
    "DK": Authority("Datatilsynet (Denmark)", "https://www.datatilsynet.dk"),
    "EE": Authority("Andmekaitse Inspektsioon (Estonia)", "https://www.aki.ee"),
    "FI": Authority("Office of the Data Protection Ombudsman (Finland)", "https://tietosuoja.fi"),
    "FR": Authority("CNIL (France)", "https://www.cnil.fr"),
    "DE": Authority("BfDI, or the authority of your Land (Germany)", "https://www.bfdi.bund.de"),
    "GR": Authority("Hellenic Data Protection Authority (Greece)", "https://www.dpa.gr"),
    "HU": Authority("NAIH (Hungary)", "https://www.naih.hu"),
    "IE": Authority("Data Protection Commission (Ireland)", "https://www.dataprotection.ie"),
    "IT": Authority("Garante per la protezione dei dati personali (Italy)", "https://www.garanteprivacy.it"),
    "LV": Authority("Datu valsts inspekcija (Latvia)", "https://www.dvi.gov.lv"),
    "LT": Authority("Valstybinė duomenų apsaugos inspekcija (Lithuania)", "https://vdai.lrv.lt"),
    "LU": Authority("CNPD (Luxembourg)", "https://cnpd.public.lu"),
    "MT": Authority("Information and Data Protection Commissioner (Malta)", "https://idpc.org.mt"),
    "NL": Authority("Autoriteit Persoonsgegevens (Netherlands)", "https://www.autoriteitpersoonsgegevens.nl"),
    "PL": Authority("UODO (Poland)", "https://uodo.gov.pl"),
    "PT": Authority("CNPD (Portugal)", "https://www.cnpd.pt"),
    "RO": Authority("ANSPDCP (Romania)", "https://www.dataprotection.ro"),
    "SK": Authority("Úrad na ochranu osobných údajov (Slovakia)", "https://dataprotection.gov.sk"),
    "SI": Authority("Informacijski pooblaščenec (Slovenia)", "https://www.ip-rs.si"),
    "ES": Authority("AEPD (Spain)", "https://www.aepd.es"),
    "SE": Authority("IMY (Sweden)", "https://www.imy.se"),
    "IS": Authority("Persónuvernd (Iceland)", "https://www.personuvernd.is"),
    "LI": Authority("Datenschutzstelle (Liechtenstein)", "https://www.datenschutzstelle.li"),
    "NO": Authority("Datatilsynet (Norway)", "https://www.datatilsynet.no"),
    "CH": Authority("FDPIC (Switzerland)", "https://www.edoeb.admin.ch"),
    "GB": Authority("Information Commissioner's Office (United Kingdom)", "https://ico.org.uk"),
    "US": Authority("California Privacy Protection Agency (for California)", "https://cppa.ca.gov"),
}


def likely_authority(country: str) -> Authority:
    """Return where a complaint of somebody in this country most likely goes; the list where none is known."""
    return AUTHORITIES.get(country, Authority("The authority of the country you live in", LIST_URL))


def complaint_route(country: str) -> str:
    """Return the sentence about authorities that every refusal carries (GDPR Art. 12(4), 77)."""
    found = likely_authority(country)
    return f"You can complain to {found.name}, {found.url}. All authorities: {LIST_URL}"


COURT_ROUTE = (
    "You can also ask a court, where we are established or where you live (GDPR Art. 79); no complaint is needed first."
)
