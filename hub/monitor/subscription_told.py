"""What the hub says of a subscription, in words for people: how it stands, what its sink answered, what is wrong with
what was filled in. Dutch, English."""

from __future__ import annotations

from typing import Any, NamedTuple

Json = dict[str, Any]
Pair = tuple[str, str]

STATES: dict[str, tuple[str, str, Pair, Pair]] = {
    "pull": (
        "none", "◇", ("Zelf ophalen", "Fetched by you"),
        ("Uw systeem leest de feed.", "Your system reads the feed."),
    ),
    "validated": (
        "well", "✓", ("Akkoord, bij", "Agreed, up to date"),
        ("Uw systeem stemde toe. Alles is bezorgd.", "Your system agreed. All is delivered."),
    ),
    "delivering": (
        "well", "✓", ("Akkoord, bezig", "Agreed, delivering"),
        ("Uw systeem stemde toe. De hub bezorgt.", "Your system agreed. The hub delivers."),
    ),
    "pending": (
        "pending", "○", ("Nog niet gevraagd", "Not asked yet"),
        ("De hub vraagt uw systeem zo om toestemming.", "The hub will soon ask your system for consent."),
    ),
    "unreachable": (
        "stuck", "■", ("Niet bereikbaar", "Out of reach"),
        (
            "De hub kon uw systeem niet om toestemming vragen en blijft het proberen. Controleer het adres en de "
            "firewall.",
            "The hub could not ask your system for consent and goes on trying. Check the address and the firewall.",
        ),
    ),
    "refused": (
        "refused", "■", ("Uw systeem weigert", "Your system refuses"),
        (
            "Uw systeem gaf geen toestemming. Herstel dat daar en kies dan ‘Hervat’: de hub vraagt het opnieuw.",
            "Your system gave no consent. Mend that there and choose ‘Resume’: the hub asks again.",
        ),
    ),
    "expired": (
        "expired", "■", ("Toestemming verlopen", "Consent expired"),
        (
            "Uw systeem stemde te lang geleden toe. Herstel het antwoord op OPTIONS en kies dan ‘Hervat’.",
            "Your system agreed too long ago. Mend its answer to OPTIONS and choose ‘Resume’.",
        ),
    ),
    "stopped": (
        "stopped", "■", ("Door uw systeem gestopt", "Stopped by your system"),
        (
            "Uw systeem antwoordde 410 (bestaat niet meer). Kies ‘Hervat’ als het er weer is.",
            "Your system answered 410 (gone). Choose ‘Resume’ when it is back.",
        ),
    ),
    "backing-off": (
        "backing-off", "▲", ("Probeert opnieuw", "Trying again"),
        (
            "Een bericht kwam niet aan. De hub probeert het vanzelf opnieuw; er gaat niets verloren.",
            "A message did not arrive. The hub tries again by itself; nothing is lost.",
        ),
    ),
    "breaker-open": (
        "breaker-open", "■", ("Onbereikbaar", "Out of reach"),
        (
            "Het ging te vaak mis. De hub probeert nu één bericht tegelijk, tot uw systeem weer antwoordt.",
            "It failed too often. The hub now tries one message at a time, until your system answers again.",
        ),
    ),
    "paused": (
        "paused", "‖", ("Stilgezet", "Paused"),
        ("U zette dit stil. Kies ‘Hervat’ om verder te gaan.", "You paused this. Choose ‘Resume’ to go on."),
    ),
}  # fmt: skip
"""By state of a subscription: its colour, its sign, what it is called, and what it means for whom it is."""

REASONS: dict[str, Pair] = {
    "the sink could not be asked for its consent": (
        "Op dit adres kwam geen goed antwoord:", "No proper answer came from this address:",
    ),
    "the sink answered OPTIONS without WebHook-Allowed-Origin": (
        "Uw systeem antwoordde op OPTIONS zonder de kopregel WebHook-Allowed-Origin. Laat het die meesturen, met * "
        "als waarde.",
        "Your system answered OPTIONS without the header WebHook-Allowed-Origin. Have it send that, with * as value.",
    ),
    "WebHook-Allowed-Origin of the sink is neither": (
        "In de kopregel WebHook-Allowed-Origin noemt uw systeem een ander dan deze hub.",
        "In the header WebHook-Allowed-Origin your system names another than this hub.",
    ),
    "WebHook-Allowed-Rate of the sink is neither": (
        "De kopregel WebHook-Allowed-Rate van uw systeem is geen getal en geen *.",
        "The header WebHook-Allowed-Rate of your system is no number and not *.",
    ),
    "last answer": ("Laatste antwoord:", "Last answer:"),
}  # fmt: skip
"""What the courier says of a webhook, by how that begins."""

ANSWERS: dict[str, Pair] = {
    "dns": ("de naam is niet gevonden", "the name was not found"),
    "connect": ("er wordt niet opgenomen", "nobody answers"),
    "tls": ("de beveiligde verbinding (TLS) klopt niet", "the secure connection (TLS) is not right"),
    "timeout": ("het antwoord kwam te laat", "the answer came too late"),
    "first-byte": ("het antwoord bleef uit", "no answer came"),
    "closed": ("de verbinding werd verbroken", "the connection was closed"),
    "forbidden": ("de hub mag dit adres niet aanroepen", "the hub may not call this address"),
}
"""What an attempt met that brought no HTTP status."""

FAULTS: dict[str, Pair] = {
    "sink": ("Dit adres kan de hub niet gebruiken.", "The hub cannot use this address."),
    "personal-data": (
        "Dit lijkt op een nummer of adres van een persoon. Haal het weg.",
        "This looks like a number or address of a person. Take it out.",
    ),
    "purpose": ("Dit doel past niet bij de grondslag.", "This purpose does not go with the basis."),
    "kind": (
        "Deze soort hoort bij geen van de gekozen doelen:", "This kind is for none of the chosen purposes:"
    ),
    "basis": ("Kies een grondslag die uw organisatie mag gebruiken.", "Choose a basis that you may claim."),
    "batch_size": ("Geef een heel getal van 1 tot en met 100.", "Give a whole number from 1 to 100."),
    "batch_seconds": ("Geef een getal van 0 tot en met 60.", "Give a number from 0 to 60."),
    "batch": (
        "Dit kan niet samen met de instellingen van dit abonnement (binary).",
        "This does not go with how this subscription is set (binary).",
    ),
    "signature": ("Kies een van de twee.", "Choose one of the two."),
    "headers": (
        "Op een ander adres worden de bewaarde kopregels niet meegestuurd. Stel ze daar via de API opnieuw in.",
        "Headers that are kept do not go to another address. Set them anew by the API.",
    ),
    "kinds_none": ("Kies ten minste één soort, of alles.", "Choose at least one kind, or everything."),
    "form": ("De hub neemt dit zo niet aan:", "The hub does not take it like this:"),
}  # fmt: skip

SINKS: dict[str, Pair] = {
    "https is required": ("Het adres moet met https:// beginnen.", "The address must begin with https://."),
    "the address must be an https URL": (
        "Het adres moet met https:// beginnen.", "The address must begin with https://.",
    ),
    "the address is not a URL": (
        "Dit is geen webadres. Het ziet eruit als https://systeem.school.nl/hub.",
        "This is no web address. It looks like https://system.school.nl/hub.",
    ),
    "the address has no host or no usable port": (
        "In dit adres ontbreekt de naam van uw systeem.", "The name of your system is missing in this address.",
    ),
    "the address is private, local or reserved": (
        "Dit adres ligt in een besloten netwerk; de hub kan er niet bij.",
        "This address is in a private network; the hub cannot reach it.",
    ),
    "the name is one of a private network": (
        "Deze naam bestaat alleen in een besloten netwerk; de hub kan er niet bij.",
        "This name exists in a private network only; the hub cannot reach it.",
    ),
    "the address may not hold a user name or password": (
        "Zet geen gebruikersnaam of wachtwoord in het adres.", "Put no user name or password into the address.",
    ),
    "the address may not have a fragment": ("Haal # en wat erachter staat weg.", "Take out # and what follows."),
    "the port must be": (
        "Gebruik de gewone poort (443) of 8443.", "Use the common port (443) or 8443.",
    ),
}  # fmt: skip
"""What is wrong with an address, by how the API begins to say it."""

_ENDED = ("dead", "stopped", "withheld", "withdrawn")


class Stand(NamedTuple):
    """How a subscription stands: one of STATES, and what its courier said of it."""

    name: str
    reason: str

    @property
    def light(self) -> str:
        return STATES[self.name][0]

    @property
    def sign(self) -> str:
        return STATES[self.name][1]


def stand(given: Json) -> Stand:
    """Of a subscription as the API shows it."""
    status = given["status"]
    name, reason = str(status["state"]), str(status.get("reason", ""))
    if name == "pending" and reason:
        name = "unreachable"
    return Stand(name if name in STATES else "pending", reason)


def outcome(journey: Json, id: str, pull: bool) -> tuple[str, str]:
    """What became of a test message to a subscription: how far it is, and what was answered."""
    courses = [one for one in journey.get("deliveries", ()) if one["subscription"] == id]
    if not courses or not courses[0]["outcome"]:
        return ("ready" if pull else "under-way"), ""
    name, status = str(courses[0]["outcome"]), str(courses[0]["status"])
    return ("ended" if name in _ENDED else name if name in ("delivered", "retry") else "under-way"), status
