"""Every word on the pages of subscriptions: Dutch, English."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from hub.core.catalogue.base import Column
from hub.core.catalogue.words import COLUMNS, FIELDS
from hub.core.processing import ACTIVITIES, BASES
from hub.monitor.subscription_told import ANSWERS, REASONS, Pair
from hub.monitor.words import CITY, FLOWS, Language

WORDS: dict[str, Pair] = {
    "title": ("Abonnementen", "Subscriptions"),
    "intro": (
        "Welke berichten uw organisatie krijgt, en hoe ze bij u komen.",
        "Which messages your organisation gets, and how they reach you.",
    ),
    "list_caption": ("Uw abonnementen en hoe het ermee staat", "Your subscriptions and how they stand"),
    "add": ("Nieuw abonnement", "New subscription"),
    "subscription": ("Abonnement", "Subscription"),
    "inbox": ("Postvak", "Inbox"),
    "inbox_note": (
        "Het postvak heeft elke partner altijd; zo gaat niets verloren.",
        "Every partner always has the inbox, so that nothing is lost.",
    ),
    "kinds": ("Soorten berichten", "Kinds of messages"),
    "every_kind": ("alle soorten", "all kinds"),
    "filtered": ("met een filter", "with a filter"),
    "how": ("Manier", "How"),
    "how_webhook": ("Toegestuurd (webhook)", "Sent to you (webhook)"),
    "how_pull": ("Zelf ophalen (feed)", "Fetched by you (feed)"),
    "state": ("Stand", "State"),
    "to_list": ("Alle abonnementen", "All subscriptions"),
    # Making one
    "new": ("Nieuw abonnement", "New subscription"),
    "new_intro": (
        "Kies wat u wilt krijgen en hoe. Bekijk eerst wat het oplevert; pas met ‘Maak aan’ gaat het in.",
        "Choose what you want to get and how. First look at what it brings; only ‘Make it’ makes it.",
    ),
    "edit": ("Wijzig abonnement", "Change subscription"),
    "step_kinds": ("1. Wat wilt u krijgen?", "1. What do you want to get?"),
    "step_how": ("2. Hoe komt het bij u?", "2. How does it reach you?"),
    "step_why": ("3. Waarvoor is het?", "3. What is it for?"),
    "step_look": ("4. Dit levert het op", "4. This is what it brings"),
    "only_yours": (
        "U ziet alleen soorten die uw organisatie volgens de afspraken kan krijgen.",
        "You see only kinds that your organisation may get by the agreements.",
    ),
    "all_kinds": (
        "Alles wat wij mogen krijgen, ook soorten die later komen",
        "Everything that we may get, also kinds that come later",
    ),
    "or_choose": ("Of kies zelf:", "Or choose:"),
    "explained": ("uitleg", "explained"),
    "explain": ("Uitleg over", "About"),
    "sink": ("Adres van uw systeem (https)", "Address of your system (https)"),
    "sink_hint": (
        "De hub stuurt elk bericht met POST naar dit adres. Eerst vraagt zij daar of dat mag (OPTIONS).",
        "The hub sends each message by POST to this address. First it asks there whether it may (OPTIONS).",
    ),
    "pull_hint": (
        "Uw systeem haalt de berichten op wanneer het wil. Ze blijven 28 dagen klaarstaan.",
        "Your system fetches the messages when it likes. They are kept for 28 days.",
    ),
    "only_webhook": ("Alleen bij toesturen:", "Only when sent to you:"),
    "signature": ("Handtekening", "Signature"),
    "signature_hint": (
        "Zo weet uw systeem dat een bericht echt van de hub komt.",
        "So your system knows that a message is really from the hub.",
    ),
    "signature_hmac": ("Gedeeld geheim (HMAC)", "Shared secret (HMAC)"),
    "signature_ed25519": ("Openbare sleutel (Ed25519)", "Public key (Ed25519)"),
    "batch": ("Meer berichten in één keer sturen", "Send several messages at once"),
    "batch_size": ("Hoogstens zoveel per keer (1-100)", "So many at once at most (1-100)"),
    "batch_seconds": ("Zoveel seconden verzamelen (0-60)", "Collect for so many seconds (0-60)"),
    "basis": ("Grondslag", "Legal basis"),
    "basis_": ("Onze wettelijke taak, zoals afgesproken", "Our legal task, as agreed"),
    "basis_NONE": ("geen: niets over één persoon", "none: nothing about one person"),
    "basis_hint": (
        "Kiest u een grondslag, dan krijgt u alleen wat daarop mag rusten.",
        "With a basis of your own you get only what may rest on it.",
    ),
    "purpose": ("Doelen", "Purposes"),
    "purpose_hint": (
        "Alleen bij een eigen grondslag. Kiest u niets, dan gelden de stromen van de soorten hierboven.",
        "Only with a basis of your own. Choose nothing, and the flows of the kinds above count.",
    ),
    "look": ("Bekijk", "Look"),
    "make": ("Maak aan", "Make it"),
    "save": ("Bewaar", "Save"),
    "faults": ("Dit klopt nog niet", "This is not right yet"),
    "faults_hint": (
        "Er is niets veranderd. Bij elk veld staat wat eraan schort.",
        "Nothing was changed. Each field says what is wrong.",
    ),
    # What it brings
    "samples": ("Zo ziet een bericht er voor u uit", "This is how a message looks to you"),
    "samples_hint": (
        "Verzonnen voorbeelden, precies zo ingekort als uw organisatie ze krijgt.",
        "Made-up examples, cut down just as your organisation gets them.",
    ),
    "as": ("Als", "As"),
    "whole": ("alles", "all of it"),
    "part": ("een deel", "part of it"),
    "field": ("Gegeven", "Field"),
    "value": ("Waarde", "Value"),
    "left_out": ("Weggelaten of vervangen:", "Left out or replaced:"),
    "raw": ("Het hele bericht (JSON)", "The whole message (JSON)"),
    "why_purpose-not-covered": (
        "U krijgt dit niet: het hoort bij geen van uw doelen.",
        "You do not get this: it is for none of your purposes.",
    ),
    "why_basis-not-covered": (
        "U krijgt dit niet: uw grondslag dekt het niet.",
        "You do not get this: your basis does not cover it.",
    ),
    "dry_run": ("Proef op de afgelopen week", "Tried on last week"),
    "dry_caption": (
        "Wat uw organisatie de laatste zeven dagen kreeg, en wat dit abonnement daarvan had gebracht",
        "What your organisation got in the last seven days, and what of that this subscription would have brought",
    ),
    "dry_none": ("De afgelopen week kreeg uw organisatie niets.", "Last week your organisation got nothing."),
    "dry_partly": (
        "Niet alles is bekeken: er was te veel.",
        "Not all of it was looked at: there was too much.",
    ),
    "dry_away": (
        "De proef lukt nu niet; probeer het zo nog eens.",
        "It cannot be tried now; try again in a moment.",
    ),
    "dry_basis": (
        "Doelen en grondslag tellen in deze proef niet mee.",
        "Purposes and basis are not counted in this trial.",
    ),
    "kind": ("Soort", "Kind"),
    "got": ("Kreeg u", "You got"),
    "would": ("Had dit gebracht", "This would bring"),
    "total": ("Samen", "Total"),
    # Once
    "secret_title": ("Bewaar dit geheim nu", "Keep this secret now"),
    "secret_intro": (
        "U ziet dit geheim één keer. Zet het in uw systeem; daarmee controleert het de handtekening.",
        "You see this secret once. Put it into your system, which checks signatures with it.",
    ),
    "secret": ("Geheim", "Secret"),
    "public_key": ("Openbare sleutel", "Public key"),
    "secret_lost": (
        "Kwijt? Vervang het dan: het oude tonen kan niet. Laad deze pagina niet opnieuw.",
        "Lost it? Then replace it: the old one cannot be shown. Do not reload this page.",
    ),
    "secret_next": ("Ik heb het bewaard: verder", "I have kept it: go on"),
    # One
    "id": ("Nummer", "Id"),
    "address": ("Adres", "Address"),
    "since": ("Zo sinds", "So since"),
    "consented": ("Laatste toestemming", "Last consent"),
    "next_try": ("Volgende poging", "Next attempt"),
    "created": ("Gemaakt", "Made"),
    "rate": ("Hoogstens per minuut", "At most per minute"),
    "retiring": ("Oude sleutel geldt tot", "Older key holds until"),
    "position": ("Berichten", "Messages"),
    "newest": ("Nieuwste bericht", "Newest message"),
    "oldest": ("Oudste dat klaarstaat", "Oldest that is kept"),
    "acknowledged": ("Door u bevestigd tot en met", "Acknowledged by you up to"),
    "position_none": ("Nog geen berichten.", "No messages yet."),
    "position_away": (
        "De stand van de berichten is nu niet te lezen.",
        "How the messages stand cannot be read now.",
    ),
    "last_thousand": ("Van de laatste duizend berichten", "Of the last thousand messages"),
    "became": ("Wat ervan werd", "What became of them"),
    "count": ("Aantal", "Number"),
    "became_delivered": ("Bezorgd bij uw systeem", "Delivered to your system"),
    "became_pulled": ("Door u opgehaald en bevestigd", "Fetched and acknowledged by you"),
    "became_waiting": ("Wacht op bezorging of ophalen", "Waits to be delivered or fetched"),
    "became_handled": ("Afgehandeld, wordt nog geboekt", "Handled, not in the books yet"),
    "became_dead": ("Door uw systeem geweigerd", "Refused by your system"),
    "became_withdrawn": ("Teruggenomen voordat u het had", "Taken back before you had it"),
    "became_withheld": ("Uw recht erop eindigde eerder", "Your right to it ended before"),
    "became_expired": ("Niet meer bewaard", "No longer kept"),
    "do": ("Wat kunt u doen", "What you can do"),
    "pause": ("Zet stil", "Pause"),
    "pause_hint": (
        "De hub houdt berichten vast; er gaat niets verloren.",
        "The hub holds messages; nothing is lost.",
    ),
    "resume": ("Hervat", "Resume"),
    "resume_hint": (
        "De hub gaat verder waar zij was, en vraagt zo nodig opnieuw om toestemming.",
        "The hub goes on where it was, and asks for consent again if it must.",
    ),
    "test": ("Stuur een proefbericht", "Send a test message"),
    "test_hint": (
        "Een bericht zonder inhoud dat de hele weg aflegt, met handtekening.",
        "An empty message that goes all the way, signed.",
    ),
    "rotate": ("Vervang de sleutel", "Replace the key"),
    "rotate_hint": (
        "U krijgt een nieuwe. De oude tekent nog een tijd mee, zodat u rustig kunt wisselen.",
        "You get a new one. The old one signs too for a while, so that you can change over at ease.",
    ),
    "overlap": ("De oude geldt nog", "The old one holds for"),
    "overlap_24": ("een dag", "a day"),
    "overlap_168": ("een week", "a week"),
    "overlap_0": ("niet meer: hij is gelekt", "no longer: it has leaked"),
    "change": ("Wijzig", "Change"),
    "delete": ("Verwijder", "Delete"),
    "delete_title": ("Dit abonnement verwijderen?", "Delete this subscription?"),
    "delete_hint": (
        "Daarna stuurt de hub hier niets meer heen, en wat nog wachtte komt hier niet meer langs. Uw postvak blijft.",
        "After that the hub sends nothing here any more, nor what still waited. Your inbox stays.",
    ),
    "keep": ("Nee, houd het", "No, keep it"),
    "test_title": ("Proefbericht", "Test message"),
    "test_under-way": (
        "Onderweg. Kijk over een paar tellen opnieuw.",
        "On its way. Look again in a few seconds.",
    ),
    "test_ready": ("Staat klaar om op te halen.", "Ready to be fetched."),
    "test_delivered": ("Aangekomen. Uw systeem antwoordde:", "Arrived. Your system answered:"),
    "test_retry": (
        "Nog niet gelukt; de hub probeert het opnieuw. Antwoord:",
        "Not yet; the hub tries again. Answer:",
    ),
    "test_ended": ("Niet aangekomen. Antwoord:", "Did not arrive. Answer:"),
    "look_again": ("Kijk opnieuw", "Look again"),
    # What went wrong
    "gone": (
        "Dit abonnement is er niet, of is niet van u.",
        "There is no such subscription, or it is not yours.",
    ),
    "busy": (
        "Dat lukt nu niet. Probeer het over een minuut opnieuw.",
        "That cannot be done now. Try again in a minute.",
    ),
    "not_done": ("Dat is niet gedaan.", "That was not done."),
    "rotating": (
        "Er tekenen al vier oudere sleutels mee. Wacht tot die aflopen, of kies ‘niet meer’.",
        "Four older keys sign already. Wait for them to end, or choose ‘no longer’.",
    ),
    "too-many-subscriptions": (
        "Uw organisatie heeft het hoogste aantal abonnementen. Verwijder er eerst een.",
        "Your organisation has as many subscriptions as it may. Delete one first.",
    ),
    **{f"flow_{name}": pair for name, pair in FLOWS.items()},
    **{f"flow_{one.id}_why": one.purpose for one in ACTIVITIES},
    **{f"basis_{name}": pair for name, pair in BASES.items()},
    **{f"as_{column.value}": COLUMNS[column] for column in Column},
    **{f"field_{name}": pair for name, pair in FIELDS.items()},
    "field_missingSubjectCount": ("Aantal vakken dat nog ontbreekt", "Number of subjects still missing"),
}


class Words(Language):
    """The words of these pages."""

    def __init__(self, code: str) -> None:
        super().__init__(code, WORDS)

    def has(self, name: str) -> bool:
        return name in WORDS

    def of(self, pair: Pair) -> str:
        return pair[self.place]

    def reason(self, given: str) -> tuple[str, str]:
        """What the courier said in words, and what stays as it said it."""
        for begin, pair in REASONS.items():
            if given.startswith(begin):
                rest = given.removeprefix(begin).lstrip(": ") if pair[0].endswith(":") else ""
                return pair[self.place], self.answer(rest)
        return "", given

    def when(self, given: str) -> str:
        """A moment as the API writes it, in the time of the city."""
        return (
            datetime.fromisoformat(given)
            .astimezone(ZoneInfo(CITY))
            .strftime(("%d-%m-%Y %H:%M", "%Y-%m-%d %H:%M")[self.place])
        )

    def answer(self, given: str) -> str:
        """An HTTP status as it is, what is none in words."""
        return ANSWERS[given][self.place] if given in ANSWERS else given
