"""Every word on the pages of journeys: Dutch, English."""

from __future__ import annotations

import re

Pair = tuple[str, str]

WORDS: dict[str, Pair] = {
    "title": ("Reis van een bericht", "Journey of a message"),
    "intro": (
        "Zoek een bericht en zie wat ermee gebeurde: wanneer het binnenkwam, wie het kreeg, wie niet, en waarom.",
        "Look for a message and see what became of it: when it came in, who got it, who did not, and why.",
    ),
    "intro_regie": (
        "U ziet berichten over groepen, plaatsen en aantallen. Berichten over één persoon zijn voor de partners die "
        "het aangaat.",
        "You see messages about groups, places and numbers. Those about one person are for the partners concerned.",
    ),
    "intro_partner": (
        "U ziet de berichten die uw organisatie stuurde of kreeg.",
        "You see the messages that your organisation sent or got.",
    ),
    "search": ("Zoek een bericht", "Look for a message"),
    "find": ("Zoek", "Search"),
    "clear": ("Maak leeg", "Clear"),
    "id": ("Bericht-id", "Message id"),
    "correlationId": ("Correlatie-id of trace", "Correlation id or trace"),
    "subscription": ("Abonnement", "Subscription"),
    "organisation": ("Organisatie", "Organisation"),
    "type": ("Soort bericht", "Kind of message"),
    "from": ("Van", "From"),
    "to": ("Tot en met", "Up to and including"),
    "any": ("alle", "all"),
    "wrong": (
        "Zo kan de hub niet zoeken. Kijk na wat u invulde: een id heeft geen spaties, en de eerste dag ligt niet na de "
        "laatste.",
        "The hub cannot search for that. Check what you filled in: an id has no spaces, and the first day is not after "
        "the last.",
    ),
    "found": ("Gevonden", "Found"),
    "found_caption": ("Berichten, de nieuwste bovenaan", "Messages, the newest first"),
    "found_none": ("Niets gevonden dat u mag zien.", "Nothing found that you may see."),
    "older": ("Oudere berichten", "Older messages"),
    "newest": ("Naar de nieuwste", "To the newest"),
    "when": ("Wanneer", "When"),
    "kind": ("Soort", "Kind"),
    "publisher": ("Van wie", "From"),
    "reached": ("Bij wie", "To whom"),
    "message": ("Bericht", "Message"),
    "refused": ("Geweigerd", "Refused"),
    "told_nobody": ("Niemand", "Nobody"),
    "all_arrived": ("Aangekomen", "Arrived"),
    "underway": ("Onderweg", "Under way"),
    "came_not": ("Niet aangekomen", "Did not arrive"),
    "missing": (
        "Dit bericht is er niet, of u mag het niet zien.",
        "There is no such message, or it is not for you.",
    ),
    "missing_more": (
        "Een nieuw bericht kan een seconde nodig hebben. Zoek het anders op.",
        "A fresh message may take a second. Otherwise look for it.",
    ),
    "back_to_search": ("Zoek een ander bericht", "Look for another message"),
    "explained": ("Wie krijgt deze soort", "Who gets this kind"),
    "related": ("Berichten met dezelfde correlatie-id", "Messages with the same correlation id"),
    "trace": ("Trace", "Trace"),
    "source": ("Bron", "Source"),
    "timeline": ("Tijdlijn", "Timeline"),
    "after": ("na", "after"),
    "reached_caption": ("Wie kreeg het, en wie niet", "Who got it, and who did not"),
    "partner": ("Partner", "Partner"),
    "stand": ("Stand", "Stand"),
    "why": ("Waarom", "Why"),
    "others": ("Niet voor hen", "Not for them"),
    "ask": ("Waarom kreeg deze partner het niet?", "Why did this partner not get it?"),
    "choose": ("Kies een partner", "Choose a partner"),
    "explain": ("Leg uit", "Explain"),
    "own_only": (
        "U ziet alleen wat uw eigen organisatie aangaat.",
        "You see only what concerns your own organisation.",
    ),
    "to_troubles": ("Naar de problemen", "To the troubles"),
    "attempts_of": ("Pogingen", "Attempts"),
    "said": ("De ontvanger zei", "The receiver said"),
    "removed": ("weggelaten", "left out"),
}

STEPS: dict[str, Pair] = {
    "accepted": ("Ontvangen en gecontroleerd", "Received and checked"),
    "refused": ("Geweigerd bij de deur", "Refused at the door"),
    "routed": ("Besloten wie het krijgt", "Decided who gets it"),
    "routed_again": ("Opnieuw besloten: er kwam iets bij", "Decided anew: something was added"),
    "quarantined": ("Apart gezet", "Set aside"),
    "attempted_delivered": ("Bezorgd", "Delivered"),
    "attempted_retry": ("Bezorgen lukte niet", "Delivery failed"),
    "attempted_stopped": ("Bezorging gestopt", "Delivery stopped"),
    "attempted_withdrawn": ("Niet bezorgd: ingetrokken", "Not delivered: taken back"),
    "attempted_withheld": ("Niet bezorgd: tegengehouden", "Not delivered: withheld"),
    "attempted_dead": ("Bezorgen opgegeven", "Delivery given up"),
    "pulled": ("Opgehaald en bevestigd", "Fetched and acknowledged"),
    "signal": ("De hub gaf dit signaal", "The hub gave this signal"),
    "duplicate": ("Nog eens gestuurd; dat telt niet", "Sent again; that does not count"),
    "conflict": ("Nog eens gestuurd met andere inhoud", "Sent again with other content"),
    "stale": ("Ingehaald: de hub wist al iets nieuwers", "Overtaken: the hub knew something newer"),
    "erased": ("Niet verwerkt: de leerling is gewist", "Not processed: the learner was erased"),
    "flow-off": ("Niet verwerkt: deze stroom staat uit", "Not processed: this flow is switched off"),
    "out-of-scope-age": ("Niet verwerkt: na de 27e verjaardag", "Not processed: after the 27th birthday"),
}
"""What can happen to a message, by the kind and the outcome of a journal entry."""

VERDICTS: dict[str, Pair] = {
    "arrived": ("Aangekomen", "Arrived"),
    "waiting": (
        "Wacht nog; er is nog niet bezorgd of opgehaald",
        "Still waiting; not delivered or fetched yet",
    ),
    "retry": (
        "Wacht: bezorgen lukte niet, de hub probeert het weer",
        "Waiting: delivery failed, the hub tries again",
    ),
    "stopped": ("Gestopt: het abonnement staat stil", "Stopped: the subscription stands still"),
    "withdrawn": (
        "Niet bezorgd: een later bericht nam het terug",
        "Not delivered: a later message took it back",
    ),
    "withheld": ("Niet bezorgd: het recht erop eindigde", "Not delivered: the right to it ended"),
    "dead": (
        "Niet bezorgd: de ontvanger weigerde het voorgoed",
        "Not delivered: the receiver refused it for good",
    ),
    "no-subscription": (
        "Mag het krijgen, maar geen abonnement vraagt erom (filter of soort)",
        "May have it, but no subscription asks for it (filter or kind)",
    ),
    "not-covered": (
        "Mag het krijgen, maar het doel of de grondslag van het abonnement dekt het niet",
        "May have it, but the purpose or basis of the subscription does not cover it",
    ),
    "itself": ("Stuurde het zelf", "Sent it itself"),
    "condition": ("De afspraak geeft het nu niet", "The policy does not give it now"),
    "nobody": ("Niemand kreeg het", "Nobody got it"),
    "no-party": (
        "Heeft volgens de gegevens van dat moment met deze zaak niets te maken",
        "Has nothing to do with this matter, by the data of that moment",
    ),
    "counted": ("Telt alleen mee in aantallen", "Only counted in numbers"),
    "never": (
        "De afspraak geeft deze soort niet aan deze partner",
        "The policy does not give this kind to this partner",
    ),
    "undecided": ("De hub heeft nog niet besloten", "The hub has not decided yet"),
    "unused": ("Het bericht is niet gebruikt", "The message was not used"),
}
"""How one partner stands to one message."""

REASONS: dict[str, Pair] = {
    "a provisional advice stays at the school": ("een voorlopig advies blijft op de school", ""),
    "a rumour goes to gemeente and taalcentrum only": (
        "een gerucht gaat alleen naar gemeente en Taalcentrum",
        "",
    ),
    "accepted": ("de leerling is geplaatst, dus dit hoeft niemand anders te weten", "the learner was placed"),
    "age not known yet": ("de leeftijd is nog niet bekend", ""),
    "basis-not-covered": ("de grondslag van het abonnement dekt dit niet", "the basis does not cover this"),
    "clears no open case": ("er stond geen zaak open", ""),
    "flow-off": ("deze stroom staat uit", "this flow is switched off"),
    "has a startkwalificatie": ("de leerling heeft een startkwalificatie", ""),
    "held back for now": ("de leerlijn is bevroren", "the learning line is restricted"),
    "no cell of 0-3 that may be shown": (
        "te weinig peuters om het getal te tonen",
        "too few of 0-3 to show the number",
    ),
    "no cell of 16 and over that may be shown": (
        "te weinig jongeren van 16 en ouder om het getal te tonen",
        "too few of 16 and over to show the number",
    ),
    "no comparison with the advice": ("er is geen schooladvies om mee te vergelijken", ""),
    "no consent": ("er is geen toestemming", ""),
    "no consent and no convenant": ("er is geen toestemming en geen convenant", ""),
    "no place of special support is known": ("er is geen plek met extra ondersteuning bekend", ""),
    "no support expected": ("er wordt geen ondersteuning verwacht", ""),
    "no-role": ("de partner heeft de rol niet meer", "the partner lost the role"),
    "nobody is told after a death": ("na een overlijden hoort niemand dit meer", ""),
    "not a breach": ("de termijn is nog niet overschreden", "the term is not exceeded yet"),
    "not a newcomer": ("het gaat niet om een nieuwkomer", ""),
    "not the first choice": ("dit is niet de eerste keus", ""),
    "not this kind of participation": ("het gaat om een andere soort deelname", ""),
    "only for who heard of the group before": ("alleen voor wie eerder van de groep hoorde", ""),
    "partner-gone": ("de partner doet niet meer mee", "the partner left"),
    "purpose-not-covered": ("het doel van het abonnement dekt dit niet", "the purpose does not cover this"),
    "supervised by another": ("een andere partij houdt hier toezicht", ""),
    "the certificate itself is not known yet": ("het certificaat zelf is nog niet bekend", ""),
    "the certificate was revoked": ("het certificaat is ingetrokken", ""),
    "the handover has no TLV": ("bij de overdracht hoort geen toelaatbaarheidsverklaring", ""),
    "the handover itself is not known yet": ("de overdracht zelf is nog niet bekend", ""),
    "the handover was withdrawn": ("de overdracht is ingetrokken", ""),
    "the line is closed": ("de leerlijn is gesloten", ""),
    "the next school is known": ("de volgende school is bekend", ""),
    "the request itself is not known yet": ("de aanmelding zelf is nog niet bekend", ""),
    "the school has not accepted the pupil yet": ("de school heeft de leerling nog niet aangenomen", ""),
    "the start of the participation is not known yet": ("het begin van de deelname is nog niet bekend", ""),
    "this moment is reported by others; see the catalogue": ("anderen melden dit moment", ""),
    "told by an earlier receiver": ("een eerdere ontvanger vertelde het al", ""),
}
"""Why the journal says that a column gets nothing, or a delivery was withheld: Dutch, and English where the journal's
own words are a code."""

_AGES = (
    (re.compile(r"not younger than (\d+)"), "niet jonger dan {}"),
    (re.compile(r"not from (\d+) up to (\d+)"), "niet van {} tot {} jaar"),
)

CAUSES: dict[str, Pair] = {
    "dns": ("het adres was niet te vinden", "the address could not be found"),
    "tls": ("de beveiligde verbinding lukte niet", "the secure connection failed"),
    "connect": ("het adres nam de verbinding niet aan", "the address did not accept the connection"),
    "timeout": ("het antwoord kwam te laat", "the answer came too late"),
    "auth": ("de ontvanger gaf geen toegang", "the receiver gave no access"),
    "refused": ("de ontvanger weigerde het", "the receiver refused it"),
    "server": ("het systeem van de ontvanger liep vast", "the system of the receiver broke on it"),
    "redirect": ("het adres verwees door", "the address redirected"),
    "schema": ("de ontvanger begreep de inhoud niet", "the receiver did not understand the content"),
    "policy": ("de hub mag dit adres niet aanroepen", "the hub may not call this address"),
    "other": ("het antwoord was niet te duiden", "the answer could not be made out"),
}
"""What the answer of a receiver means (`hub.core.dead_letters.cause`)."""

QUARANTINES: dict[str, Pair] = {
    "id-conflict": ("zelfde id, andere inhoud", "same id, other content"),
    "not-a-party": ("de afzender is geen partij in deze zaak", "the sender is no party in this matter"),
    "unknown-type": ("de soort is niet bekend", "the kind is not known"),
    "after-cancellation": ("de groep was al geannuleerd", "the group was cancelled already"),
}


def reason(given: str, place: int) -> str:
    """Why, in the words of people; what has none stays as the journal says it."""
    nl, en = REASONS.get(given, ("", ""))
    if place:
        return en or given
    for pattern, words in _AGES:
        if found := pattern.fullmatch(given):
            return words.format(*found.groups())
    return nl or given
