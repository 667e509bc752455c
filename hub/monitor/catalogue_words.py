"""Every word on the page of the catalogue: Dutch, English."""

from __future__ import annotations

Pair = tuple[str, str]

WORDS: dict[str, Pair] = {
    "title": ("Gebeurtenissen van de onderwijshub", "Events of the education hub"),
    "intro": (
        "Elke soort bericht dat de hub doorgeeft: wie het mag sturen, wie het krijgt en hoeveel ervan. Niemand krijgt "
        "meer dan in deze tabel staat.",
        "Every kind of message that the hub passes on: who may send it, who gets it, and how much of it. Nobody gets "
        "more than this table says.",
    ),
    "as_json": ("Als JSON", "As JSON"),
    "matrix": ("Wie krijgt wat", "Who gets what"),
    "matrix_caption": (
        "Per soort: wat elke partij krijgt. De code leidt naar de uitleg.",
        "By kind: what each party gets. The code leads to the explanation.",
    ),
    "event": ("Gebeurtenis", "Event"),
    "legend": ("Betekenis", "Meaning"),
    "columns": ("Wie is wie", "Who is who"),
    "kinds": ("Soorten", "Kinds"),
    "publishers": ("Wie mag het sturen", "Who may send it"),
    "receivers": ("Wie krijgt het", "Who gets it"),
    "receivers_caption": ("Ontvangers en wat zij krijgen", "Receivers and what they get"),
    "receiver": ("Ontvanger", "Receiver"),
    "gets": ("Krijgt", "Gets"),
    "only_counted": ("Telt alleen mee bij", "Only counted for"),
    "nobody": ("Niemand krijgt het als bericht.", "Nobody gets it as a message."),
    "fields": ("Velden", "Fields"),
    "fields_caption": ("Velden van data", "Fields of data"),
    "field": ("Veld", "Field"),
    "required": ("verplicht", "required"),
    "values": ("Betekenis en inhoud", "Meaning and content"),
    "example": ("Voorbeeld", "Example"),
    "history": ("Wat er veranderde", "What changed"),
    "release": ("Versie", "Version"),
    "schema": ("JSON Schema", "JSON Schema"),
    "top": ("Naar de tabel", "To the table"),
}

LEVELS: dict[str, Pair] = {
    "F": ("alles", "all of it"),
    "R": ("een deel", "part of it"),
    "C": ("alleen als aantal, met anderen samen", "only as a number, together with others"),
    "–": ("niets", "nothing"),
}

PRIVACY: dict[str, Pair] = {
    "G0": ("openbaar", "open"),
    "G1": ("over een groep", "of a group"),
    "P1": ("over één persoon", "of one person"),
    "P2": ("over één persoon, gevoelig", "of one person, sensitive"),
    "A": ("aantallen, kleine weggelaten", "numbers, small ones left out"),
}

ROLES: dict[str, Pair] = {
    "gemeente": ("gemeente", "municipality"),
    "leerplicht": ("leerplicht", "school attendance office"),
    "doorstroompunt": ("doorstroompunt", "regional dropout office"),
    "taalcentrum": ("Taalcentrum", "language centre"),
    "swv": ("samenwerkingsverband", "special needs partnership"),
    "po": ("basisschool", "primary school"),
    "so-sbo": ("so en sbo", "special primary school"),
    "vo": ("middelbare school", "secondary school"),
    "vso": ("vso", "special secondary school"),
    "opdc": ("OPDC", "OPDC"),
    "mbo": ("mbo", "vocational college"),
    "hbo": ("hbo", "university of applied sciences"),
    "opvang": ("kinderopvang", "childcare"),
    "jgz": ("jeugdgezondheidszorg", "youth health care"),
    "jeugdhulp": ("jeugdhulp", "youth care"),
    "board": ("schoolbestuur", "school board"),
    "procesregisseur": ("procesregisseur", "process director"),
    "hub": ("de hub zelf", "the hub itself"),
    "operator": ("beheer van de hub", "operator of the hub"),
}
