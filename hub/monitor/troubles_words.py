"""Every word on the pages of troubles, partners and acts: Dutch, English; and what to do about each cause."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from hub.core import dead_letters, redelivery
from hub.monitor.words import CITY, WORDS, Language

Pair = tuple[str, str]

CAUSES: dict[str, Pair] = {
    "stopped": ("De partner heeft de bezorging gestopt", "The partner stopped the delivery"),
    "expired": ("De toestemming is verlopen", "The consent has expired"),
    "handshake": ("Het systeem stemt niet toe", "The system does not agree"),
    "dns": ("Het adres is niet te vinden", "The address cannot be found"),
    "tls": ("De beveiligde verbinding lukt niet", "The secure connection fails"),
    "connect": ("Het systeem is niet bereikbaar", "The system is out of reach"),
    "timeout": ("Het systeem antwoordt te laat", "The system answers too late"),
    "auth": ("Het systeem geeft geen toegang", "The system gives no access"),
    "refused": ("Het systeem weigert berichten", "The system refuses messages"),
    "server": ("Het systeem loopt vast", "The system breaks"),
    "redirect": ("Het adres is verhuisd", "The address has moved"),
    "schema": ("Het systeem begrijpt de inhoud niet", "The system does not understand the content"),
    "policy": ("De hub mag het adres niet aanroepen", "The hub may not call the address"),
    "other": ("Het antwoord is niet te duiden", "The answer cannot be made out"),
    "unreachable": ("Er komt geen antwoord", "There is no answer"),
    "busy": ("Het systeem vraagt om rust", "The system asks for rest"),
    "backlog": ("Het gaat te langzaam", "It goes too slowly"),
    "unread": ("Berichten worden niet opgehaald", "Messages are not fetched"),
    "pending": ("Het adres is nog niet bevestigd", "The address was not confirmed yet"),
    "paused": ("Gepauzeerd door de partner", "Paused by the partner"),
}

_OWN: dict[str, Pair] = {
    "stopped": (
        "Uw systeem antwoordde met 410: stuur niets meer. Klopt dat niet? Herstel het, en hervat het abonnement.",
        "Your system answered 410: send nothing more. If that is wrong, repair it and resume the subscription.",
    ),
    "expired": (
        "Laat uw systeem opnieuw toestemmen: het antwoordt op OPTIONS met WebHook-Allowed-Origin.",
        "Have your system agree again: it answers OPTIONS with WebHook-Allowed-Origin.",
    ),
    "handshake": (
        "Laat uw systeem op OPTIONS antwoorden met WebHook-Allowed-Origin. De hub vraagt het vanzelf opnieuw.",
        "Have your system answer OPTIONS with WebHook-Allowed-Origin. The hub asks again by itself.",
    ),
    "unreachable": (
        "Kijk of uw systeem aanstaat en van buiten bereikbaar is. De hub probeert het vanzelf opnieuw.",
        "See whether your system is on and can be reached from outside. The hub tries again by itself.",
    ),
    "busy": (
        "Uw systeem kan het tempo niet aan. Zet een lager tempo in het abonnement, of maak het sneller.",
        "Your system cannot keep up. Set a lower rate in the subscription, or make it faster.",
    ),
    "backlog": (
        "Uw systeem loopt achter. Antwoord met 202 en verwerk later, of laat berichten gebundeld komen.",
        "Your system lags. Answer 202 and handle it later, or have messages come in batches.",
    ),
    "unread": (
        "Haal uw berichten op en bevestig ze, of geef het abonnement een adres waar de hub ze bezorgt.",
        "Fetch your messages and acknowledge them, or give the subscription an address to deliver to.",
    ),
    "pending": (
        "Zet uw systeem aan en laat het antwoorden op OPTIONS. De hub vraagt het vanzelf opnieuw.",
        "Start your system and have it answer OPTIONS. The hub asks again by itself.",
    ),
    "paused": (
        "Niets raakt kwijt: berichten blijven 28 dagen bewaard. Hervat het abonnement als u zover bent.",
        "Nothing is lost: messages are kept for 28 days. Resume the subscription when you are ready.",
    ),
}

_WATCHED: dict[str, Pair] = {
    "stopped": (
        "Vraag de partner of dit de bedoeling is. Zo niet: na herstel hervat de partner het abonnement.",
        "Ask the partner whether this is meant. If not: once repaired, the partner resumes the subscription.",
    ),
    "expired": (
        "Vraag de partner zijn systeem opnieuw te laten toestemmen (OPTIONS).",
        "Ask the partner to have its system agree again (OPTIONS).",
    ),
    "handshake": (
        "Vraag de partner of het adres klopt en of zijn systeem de vraag om toestemming (OPTIONS) beantwoordt.",
        "Ask the partner whether the address is right and its system answers the request for consent (OPTIONS).",
    ),
    "dns": (
        "Vraag de partner zijn DNS-registratie te herstellen of een ander adres op te geven.",
        "Ask the partner to repair its DNS record or to give another address.",
    ),
    "tls": (
        "Vraag de partner zijn certificaat na te kijken: is het verlopen, of ontbreekt er een tussencertificaat?",
        "Ask the partner to look at its certificate: has it expired, or is an intermediate one missing?",
    ),
    "connect": (
        "Bel de systeembeheerder van de partner: het systeem staat uit, of de firewall houdt de hub tegen.",
        "Call the partner's system administrator: the system is off, or a firewall keeps the hub out.",
    ),
    "timeout": (
        "Vraag de leverancier van de partner om berichten eerst op te slaan, te antwoorden, en dan te verwerken.",
        "Ask the partner's supplier to store messages first, answer, and handle them then.",
    ),
    "auth": (
        "Vraag de partner de toegangsgegevens bij het abonnement te vernieuwen.",
        "Ask the partner to renew the credentials of the subscription.",
    ),
    "refused": (
        "Vraag de leverancier van de partner waarom het systeem deze berichten weigert. Daarna: opnieuw sturen.",
        "Ask the partner's supplier why the system refuses these messages. Then: send again.",
    ),
    "server": (
        "Vraag de leverancier van de partner om de fout in zijn logboek te zoeken. Daarna: opnieuw sturen.",
        "Ask the partner's supplier to look for the fault in its log. Then: send again.",
    ),
    "redirect": (
        "Vraag de partner het nieuwe adres in het abonnement te zetten; de hub volgt geen verwijzing.",
        "Ask the partner to put the new address into the subscription; the hub follows no redirect.",
    ),
    "schema": (
        "Vraag de leverancier van de partner of zijn versie bij het schema van dit bericht past.",
        "Ask the partner's supplier whether its version fits the schema of this message.",
    ),
    "policy": (
        "Vraag de partner om een openbaar https-adres, of laat de beheerder van de hub het adres toestaan.",
        "Ask the partner for a public https address, or have the operator of the hub allow it.",
    ),
    "other": (
        "Vraag de beheerder van de hub om met de partner naar het antwoord te kijken.",
        "Ask the operator of the hub to look at the answer together with the partner.",
    ),
    "unreachable": (
        "Bel de systeembeheerder van de partner. De hub probeert het vanzelf opnieuw; er raakt niets kwijt.",
        "Call the partner's system administrator. The hub tries again by itself; nothing is lost.",
    ),
    "busy": (
        "Duurt het lang? Vraag de partner of zijn systeem het tempo van de hub aankan.",
        "If it lasts: ask the partner whether its system can keep up with the hub.",
    ),
    "backlog": (
        "Vraag de partner waarom zijn systeem traag is. Is het druk op de hub? Vraag dan de beheerder.",
        "Ask the partner why its system is slow. If the hub is busy: ask its operator.",
    ),
    "unread": (
        "Vraag de partner of zijn systeem nog draait: het haalt zijn berichten niet op.",
        "Ask the partner whether its system still runs: it does not fetch its messages.",
    ),
    "pending": (
        "Vraag de partner of zijn systeem al aanstaat op het adres dat is opgegeven.",
        "Ask the partner whether its system runs yet at the address that was given.",
    ),
    "paused": (
        "De partner koos dit zelf. Berichten blijven 28 dagen bewaard; bel als het te lang duurt.",
        "The partner chose this. Messages are kept for 28 days; call when it takes too long.",
    ),
}

TROUBLES: dict[str, Pair] = WORDS | {
    **{f"cause_{name}": pair for name, pair in CAUSES.items()},
    "title": ("Problemen", "Troubles"),
    "intro": (
        "Wat er nu stokt, met wie, en wat de volgende stap is. Wat het langst stilligt staat bovenaan.",
        "What is stuck now, with whom, and what the next step is. What has stood still longest comes first.",
    ),
    "all_partners": ("Alle partners", "All partners"),
    "only_for": ("Alleen", "Only"),
    "nothing_wrong": ("Er stokt niets", "Nothing is stuck"),
    "nothing_wrong_more": (
        "Alle bezorgingen lopen, en er ligt niets dat voorgoed is geweigerd.",
        "All deliveries go on, and nothing was refused for good.",
    ),
    "step": ("Volgende stap", "Next step"),
    "after_letters": (
        "Is het verholpen? Stuur dan opnieuw wat is geweigerd.",
        "Once mended, send again what was refused.",
    ),
    "cause_caption": ("Abonnementen met dit probleem", "Subscriptions with this trouble"),
    "subscription": ("Abonnement", "Subscription"),
    "waiting": ("Wacht", "Waiting"),
    "letters": ("Geweigerd", "Refused"),
    "attempts": ("Pogingen", "Attempts"),
    "next": ("Volgende poging", "Next attempt"),
    "within": ("over", "in"),
    "ago": ("geleden", "ago"),
    "never": ("nog nooit", "never yet"),
    "since": ("Sinds", "Since"),
    "none": ("–", "–"),
    "see": ("Bekijk", "Look"),
    "small_note": (
        "Aantallen berichten staan er als een bereik (1-4, 5-9, 10-19 en zo verder), want zij kunnen over personen "
        "gaan.",
        "Numbers of messages are shown as a range (1-4, 5-9, 10-19 and so on), for they may be about persons.",
    ),
    "exact_note": (
        "U ziet de aantallen precies, want het zijn bezorgingen waar u over gaat.",
        "You see exact numbers, for these are deliveries that you look after.",
    ),
    "state_breaker-open": ("Onderbroken", "Interrupted"),
    "state_validated": ("Bij", "Up to date"),
    "state_delivering": ("Bezig", "Under way"),
    "state_pull": ("Haalt zelf op", "Fetches itself"),
    "light_stuck": ("Ligt stil", "Stuck"),
    "light_late": ("Loopt achter", "Lagging"),
    "light_ended": ("Voorgoed geweigerd", "Refused for good"),
    "light_quiet": ("Zoals gevraagd", "As asked"),
    "light_well": ("In orde", "All well"),
    # one subscription
    "of_partner": ("Bezorging aan", "Delivery to"),
    "one_intro": (
        "Hoe het met deze bezorging staat, wat de volgende stap is, en wat er is geweigerd.",
        "How this delivery stands, what the next step is, and what was refused.",
    ),
    "back_to_troubles": ("Alle problemen", "All troubles"),
    "stand_now": ("Stand", "State"),
    "last_delivered": ("Laatst aangekomen", "Last arrived"),
    "last_tried": ("Laatste poging", "Last attempt"),
    "last_pulled": ("Laatst opgehaald", "Last fetched"),
    "said_reason": ("Wat de hub weet", "What the hub knows"),
    "manage": ("Beheer dit abonnement", "Manage this subscription"),
    "refused_letters": ("Voorgoed geweigerd", "Refused for good"),
    "letters_caption": ("Berichten die niet zijn bezorgd", "Messages that were not delivered"),
    "letters_none": ("Er is niets voorgoed geweigerd.", "Nothing was refused for good."),
    "letters_rough": (
        "De berichten zelf ziet alleen de partner, en de beheerder van de hub.",
        "The messages themselves are for the partner and the operator of the hub only.",
    ),
    "number": ("Nummer", "Number"),
    "when": ("Wanneer", "When"),
    "status_answer": ("Antwoord", "Answer"),
    "said": ("Opgegeven reden", "Reason given"),
    "journey": ("Reis", "Journey"),
    "journey_of": ("Reis van bericht", "Journey of message"),
    "more_letters": ("Volgende", "Next"),
    "first_letters": ("Eerste", "First"),
    "letters_open": ("Open", "Open"),
    "letters_replayed": ("Alsnog bezorgd", "Delivered after all"),
    "letters_withdrawn": ("Ingetrokken", "Taken back"),
    "causes_nav": ("Oorzaken", "Causes"),
    # replays
    "again": ("Opnieuw sturen", "Send again"),
    "again_intro": (
        "Kies wat opnieuw wordt gestuurd. U ziet eerst hoeveel het is; er gaat niets weg voordat u dat bevestigt.",
        "Choose what to send again. First you see how much it is; nothing goes out before you confirm.",
    ),
    "which": ("Wat", "What"),
    "which_any": ("Alles wat is geweigerd", "All that was refused"),
    "which_range": ("Alle berichten in een reeks (hieronder)", "All messages in a range (below)"),
    "range": ("Reeks (niet verplicht)", "Range (optional)"),
    "from_number": ("Van nummer", "From number"),
    "to_number": ("Tot en met nummer", "Up to number"),
    "since_time": ("Vanaf", "From"),
    "until_time": ("Tot", "Until"),
    "why": ("Waarom", "Why"),
    "pace": ("Tempo (berichten per minuut)", "Pace (messages per minute)"),
    "count_first": ("Tel eerst", "Count first"),
    "count": ("Dit wordt opnieuw gestuurd", "This is sent again"),
    "count_intro": (
        "Er is nog niets gestuurd. Klopt het aantal? Start dan.",
        "Nothing was sent yet. If the number is right, start.",
    ),
    "to_send": ("Berichten die worden gestuurd", "Messages that are sent"),
    "selected": ("Gekozen", "Selected"),
    "taken_back": ("Ingetrokken, niet gestuurd", "Taken back, not sent"),
    "gone": ("Niet meer bewaard", "No longer kept"),
    "numbers_range": ("Nummers", "Numbers"),
    "takes": ("Duurt ongeveer", "Takes about"),
    "minutes": ("minuten", "minutes"),
    "start": ("Start met sturen", "Start sending"),
    "change_choice": ("Kies iets anders", "Choose something else"),
    "nothing_to_send": (
        "Er is niets dat opnieuw gestuurd kan worden.",
        "There is nothing that can be sent again.",
    ),
    "not_started": ("Dit lukt zo niet", "This does not work"),
    "replays": ("Herhalingen", "Replays"),
    "replays_caption": ("Wat opnieuw is gestuurd, nieuwste eerst", "What was sent again, newest first"),
    "replays_none": ("Er is nog niets opnieuw gestuurd.", "Nothing was sent again yet."),
    "by": ("Door", "By"),
    "progress": ("Voortgang", "Progress"),
    "stop": ("Stop", "Stop"),
    "stop_of": ("Stop het opnieuw sturen van", "Stop sending again of"),
    "of_total": ("van", "of"),
    "replay_waiting": ("Wacht op zijn beurt", "Waits for its turn"),
    "replay_running": ("Bezig", "Running"),
    "replay_finished": ("Klaar", "Finished"),
    "replay_stopped": ("Gestopt", "Stopped"),
    "n_delivered": ("bezorgd", "delivered"),
    "n_failed": ("opnieuw geweigerd", "refused again"),
    "n_withdrawn": ("ingetrokken", "taken back"),
    "n_gone": ("niet meer bewaard", "no longer kept"),
    "n_live": ("was al onderweg", "was under way already"),
    "fault_": ("Kies een oorzaak of geef een reeks op.", "Choose a cause or give a range."),
    "fault_from": ("Van nummer: een getal vanaf 1.", "From number: a number from 1."),
    "fault_to": (
        "Tot en met nummer: een getal, niet kleiner dan het eerste.",
        "Up to number: not below the first.",
    ),
    "fault_since": ("Vanaf: een datum en tijd.", "From: a date and time."),
    "fault_until": ("Tot: een datum en tijd na het begin.", "Until: a date and time after the beginning."),
    "fault_pace": ("Tempo: een getal van 1 tot en met 6000.", "Pace: a number from 1 to 6000."),
    "fault_why": ("Kies waarom u opnieuw stuurt.", "Choose why you send again."),
    "fault_cause": ("Kies een oorzaak uit de lijst.", "Choose a cause from the list."),
    "problem_no-sink": (
        "Dit abonnement heeft geen adres om naar te sturen; haal de berichten zelf weer op.",
        "This subscription has no address to send to; fetch the messages again.",
    ),
    "problem_nothing-to-replay": (
        "Er is niets dat bij uw keuze hoort.",
        "There is nothing that belongs to your choice.",
    ),
    "problem_too-many-replays": (
        "Er lopen al tien herhalingen. Wacht, of stop er een.",
        "Ten replays have not ended. Wait, or stop one.",
    ),
    "problem_too-much": (
        "De keuze ligt te ver uiteen. Stuur in delen, met een reeks.",
        "The choice lies too far apart. Send in parts, by a range.",
    ),
    "problem_": (
        "De hub kon dit nu niet doen. Probeer het over een minuut opnieuw.",
        "The hub could not do this now. Try again in a minute.",
    ),
    # partners
    "partners": ("Partners", "Partners"),
    "partners_intro": (
        "Elke partner met zijn abonnementen: hoe het ermee staat, en wanneer er voor het laatst contact was.",
        "Every partner with its subscriptions: how they stand, and when there was contact last.",
    ),
    "partners_caption": (
        "Per abonnement hoe het ermee staat, en hoe lang geleden er contact was",
        "By subscription how it stands, and how long ago there was contact",
    ),
    "last_published": ("Stuurde voor het laatst iets", "Published last"),
    "what_to_do": ("Wat te doen", "What to do"),
    "no_lanes": ("Geen abonnement", "No subscription"),
}

ACTS: dict[str, Pair] = WORDS | {
    "title": ("Wie deed wat", "Who did what"),
    "intro": (
        "Wat mensen en partners op de hub hebben gedaan, nieuwste eerst. Nooit over welke leerling het ging.",
        "What people and partners did on the hub, newest first. Never which learner it was about.",
    ),
    "acts_caption": ("Handelingen", "Acts"),
    "acts_none": ("Er is nog niets gedaan.", "Nothing was done yet."),
    "who": ("Wie", "Who"),
    "what": ("Wat", "What"),
    "when": ("Wanneer", "When"),
    "on": ("Abonnement", "Subscription"),
    "why": ("Waarom", "Why"),
    "number": ("Berichten", "Messages"),
    "older": ("Ouder", "Older"),
    "newest": ("Nieuwste", "Newest"),
    "none": ("–", "–"),
    "what_replay-ordered": ("Opnieuw sturen gestart", "Started sending again"),
    "what_replay-stopped": ("Opnieuw sturen gestopt", "Stopped sending again"),
    "what_key-rotated": ("Sleutel vernieuwd", "Key rotated"),
    "what_subscription-created": ("Abonnement gemaakt", "Subscription made"),
    "what_subscription-replaced": ("Abonnement gewijzigd", "Subscription changed"),
    "what_subscription-deleted": ("Abonnement verwijderd", "Subscription deleted"),
    "what_subscription-paused": ("Bezorging gepauzeerd", "Delivery paused"),
    "what_subscription-resumed": ("Bezorging hervat", "Delivery resumed"),
    "what_subscription-tested": ("Testbericht gestuurd", "Test message sent"),
    "what_access-given": ("Inzage gegeven", "Access given"),
    "what_erasure-ordered": ("Gegevens laten wissen", "Data had erased"),
    "what_restriction-set": ("Gebruik beperkt", "Use restricted"),
    "what_restriction-lifted": ("Beperking opgeheven", "Restriction lifted"),
}


class Words(Language):
    """Of the pages of troubles and partners."""

    def __init__(self, code: str) -> None:
        super().__init__(code, TROUBLES)

    def step(self, cause: str, own: bool) -> str:
        """What to do about a cause: said to the partner itself (`own`), or to who watches it."""
        if not own:
            return _WATCHED[cause][self.place]
        found = dead_letters.CAUSES.get(cause)
        return (found.nl, found.en)[self.place] if found else _OWN[cause][self.place]

    def ago(self, age: int | None) -> str:
        return self("never") if age is None else f"{self.age(age)} {self('ago')}"

    def brief(self, age: int | None) -> str:
        return self("never") if age is None else self.age(age)

    def fault(self, pointer: str) -> str:
        return self(f"fault_{pointer.strip('/')}")

    def problem(self, code: str) -> str:
        return self(f"problem_{code}") if f"problem_{code}" in TROUBLES else self("problem_")

    def why(self, code: str) -> str:
        return why(code, self.place)

    def moment(self, given: int | str) -> str:
        return moment(given)


class ActWords(Language):
    """Of the page of acts."""

    def __init__(self, code: str) -> None:
        super().__init__(code, ACTS)

    def why(self, code: str) -> str:
        return why(code, self.place)

    def moment(self, given: int | str) -> str:
        return moment(given)


def why(code: str, place: int) -> str:
    found = redelivery.WHY.get(code)
    return (found.nl, found.en)[place] if found else code


def moment(given: int | str) -> str:
    """Day and time in the city; `given` is milliseconds since 1970, or a moment as the API writes it."""
    zone = ZoneInfo(CITY)
    at = (
        datetime.fromtimestamp(given / 1000, zone)
        if isinstance(given, int)
        else datetime.fromisoformat(given).astimezone(zone)
    )
    return at.strftime("%d-%m-%Y %H:%M")
