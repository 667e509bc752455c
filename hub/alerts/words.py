"""What is said of each kind of trouble, Dutch first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from hub.core.alerts import Kind, Phase

Pair = tuple[str, str]


class Words(NamedTuple):
    """What is wrong, what it is called once it is over, what to do, and the page on which to look."""

    wrong: Pair
    over: Pair
    do: Pair
    page: str


WORDS: Mapping[Kind, Words] = {
    Kind.DOWN: Words(
        ("{about} antwoordt niet", "{about} does not answer"),
        ("{about} antwoordt weer", "{about} answers again"),
        (
            "Kijk of het proces draait en wat er in zijn logboek staat. `hub up` start het zelf opnieuw; "
            "los gestarte delen start u zelf.",
            "See whether the process runs and what its log says. `hub up` starts it again by itself; start parts "
            "that run alone yourself.",
        ),
        "/readyz",
    ),
    Kind.UNREADY: Words(
        ("{about} kan zijn werk niet doen", "{about} cannot do its work"),
        ("{about} doet zijn werk weer", "{about} does its work again"),
        (
            "Vraag {about} op /readyz wat eraan schort.",
            "Ask {about} at /readyz what is the matter.",
        ),
        "/readyz",
    ),
    Kind.KAFKA: Words(
        ("Kafka antwoordt niet", "Kafka does not answer"),
        ("Kafka antwoordt weer", "Kafka answers again"),
        (
            "Start Kafka. Partners krijgen nu 503 en sturen later opnieuw; wat aangenomen was, is niet weg.",
            "Start Kafka. Partners get 503 now and send again later; what was accepted is not lost.",
        ),
        "/",
    ),
    Kind.DATABASE: Words(
        ("De database antwoordt niet", "The database does not answer"),
        ("De database antwoordt weer", "The database answers again"),
        (
            "Start de database. Bezorgen gaat door; schermen en meldingen over partners staan stil.",
            "Start the database. Deliveries go on; pages and alerts about partners stand still.",
        ),
        "/",
    ),
    Kind.DISK: Words(
        ("De schijf van de hub is bijna vol", "The disk of the hub is almost full"),
        ("De schijf van de hub heeft weer ruimte", "The disk of the hub has room again"),
        (
            "Maak ruimte. Zonder ruimte stopt Kafka.",
            "Make room. Without room Kafka stops.",
        ),
        "/",
    ),
    Kind.FINAL: Words(
        ("Berichten voor {who} zijn definitief geweigerd", "Messages for {who} were refused for good"),
        ("Bij {who} ligt niets definitief geweigerds meer", "Nothing refused for good is left for {who}"),
        (
            "Vraag de partner zijn ontvanger te herstellen, en stuur de berichten dan opnieuw.",
            "Ask the partner to repair its receiver, then send the messages again.",
        ),
        "/troubles",
    ),
    Kind.BACKLOG: Words(
        ("Berichten voor {who} blijven liggen", "Messages for {who} pile up"),
        ("Berichten voor {who} komen weer aan", "Messages for {who} arrive again"),
        (
            "De ontvanger van de partner antwoordt niet of te traag. De hub blijft het proberen; bel de partner.",
            "The receiver of the partner does not answer, or too slowly. The hub keeps trying; call the partner.",
        ),
        "/troubles",
    ),
    Kind.SILENCE: Words(
        ("{who} is stil: {flow}", "{who} is silent: {flow}"),
        ("{who} meldt zich weer: {flow}", "{who} is heard again: {flow}"),
        (
            "Er kwam langer niets dan ooit. Vraag de partner of zijn koppeling werkt.",
            "Nothing came for longer than ever before. Ask the partner whether its connection works.",
        ),
        "/",
    ),
    Kind.SIGNALS: Words(
        ("Bij {who} zijn termijnen verstreken", "Terms have passed at {who}"),
        ("Bij {who} zijn geen termijnen meer verstreken", "No terms are overdue any more at {who}"),
        (
            "Spreek de organisatie aan. Om wie het gaat, ziet zij zelf in haar signalen.",
            "Speak to the organisation. Whom it concerns, it sees in its own signals.",
        ),
        "/numbers",
    ),
    Kind.REFUSALS: Words(
        ("Berichten van {who} worden geweigerd", "Messages from {who} are refused"),
        ("Berichten van {who} worden weer aangenomen", "Messages from {who} are accepted again"),
        (
            "De partner stuurt berichten met fouten. Het antwoord dat hij krijgt noemt elke fout.",
            "The partner sends messages with faults. The answer it gets names each of them.",
        ),
        "/numbers",
    ),
}
AMOUNTS: Mapping[Kind, Pair] = {
    Kind.FINAL: ("{amount} berichten", "{amount} messages"),
    Kind.BACKLOG: ("{amount} berichten", "{amount} messages"),
    Kind.SILENCE: ("{amount} schooldagen", "{amount} school days"),
    Kind.SIGNALS: ("{amount} signalen, regels {what}", "{amount} signals, rules {what}"),
    Kind.REFUSALS: ("{amount} in een uur", "{amount} in an hour"),
}
STATES: Mapping[str, Pair] = {
    "stopped": ("de ontvanger wil niets meer (410)", "the receiver wants nothing any more (410)"),
    "refused": ("de ontvanger weigert de hub", "the receiver refuses the hub"),
    "expired": ("de toestemming van de ontvanger is verlopen", "the consent of the receiver has expired"),
}
PHASES: Mapping[Phase, Pair] = {
    Phase.RAISED: ("", ""),
    Phase.AGAIN: ("Nog steeds: ", "Still: "),
    Phase.OVER: ("Voorbij: ", "Over: "),
}
LABELS: Mapping[str, Pair] = {
    "who": ("Wie", "Who"),
    "subscription": ("Abonnement", "Subscription"),
    "amount": ("Hoeveel", "How many"),
    "state": ("Stand", "State"),
    "since": ("Sinds", "Since"),
    "do": ("Wat te doen", "What to do"),
    "look": ("Bekijk", "Look at"),
}
SEVERAL: Pair = ("{n} meldingen: {first}", "{n} alerts: {first}")
SENDER: Pair = (
    "Dit bericht komt van de hub zelf. Het noemt geen kinderen.",
    "The hub itself sent this message. It names no children.",
)
