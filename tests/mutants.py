"""Small wrongs that could be made in the core, as data. Each must turn the net of unit tests red.

A mutant replaces `old` by `new` in one file below `hub/core`; `why` says what it would do to people. `net` names the
test files that must notice.
"""

from __future__ import annotations

from typing import NamedTuple


class Mutant(NamedTuple):
    name: str
    file: str
    old: str
    new: str
    why: str
    net: tuple[str, ...]


MUTANTS = (
    Mutant(
        "rank compares arrival",
        "state.py",
        "return (sequence(given), instant",
        "return (-self.accepted, instant",
        "a message that was held up on the way would undo a newer one",
        ("test_line", "test_group"),
    ),
    Mutant(
        "moments compared as text",
        "state.py",
        'instant(str(given.get("time", "")))',
        'str(given.get("time", ""))',
        "09:30+01:00 would beat 09:00Z, which is half an hour later",
        ("test_line_any",),
    ),
    Mutant(
        "last to arrive wins",
        "step.py",
        "known is not None and known.rank() > self.fact.rank()",
        "False",
        "the line would depend on the order in which messages came in",
        (
            "test_fold",
            "test_group",
        ),
    ),
    Mutant(
        "small cell off by one",
        "cells.py",
        "return 0 < count < k",
        "return 0 < count < k - 1",
        "four children at one hotel would be shown to all boards",
        ("test_cells",),
    ),
    Mutant(
        "total beside a mixed band",
        "catalogue/arrivals.py",
        'any(cells.spans(band, 18) for band in shown.get("bands", ()))',
        "False",
        "band minus total would tell that exactly one adult came",
        ("test_cells",),
    ),
    Mutant(
        "site label kept",
        "catalogue/arrivals.py",
        'if name != "siteLabel"',
        'if name != "siteKind"',
        "where families live would be known to every board",
        ("test_cells",),
    ),
    Mutant(
        "told-before ignored",
        "catalogue/arrivals.py",
        "Cell(cell.level, cell.who, told_before, whole)",
        "Cell(cell.level, cell.who, cell.when, whole)",
        "a cancellation would tell of a rumour to people who never heard of the group",
        ("test_routing",),
    ),
    Mutant(
        "dropped receivers forgotten",
        "routing.py",
        "if kind.follow else set()",
        "if False else set()",
        "who was told that nine teenagers come would never hear that they do not",
        ("test_routing",),
    ),
    Mutant(
        "default deny bypassed",
        "routing.py",
        "(not why or id in had)",
        "True",
        "every condition of the matrix would be without effect",
        ("test_routing",),
    ),
    Mutant(
        "publisher told its own event",
        "routing.py",
        'done = {*case.fact.told, publisher.id if publisher else ""}',
        "done = {*case.fact.told}",
        "a system that answers every event with an event would never stop",
        ("test_routing",),
    ),
    Mutant(
        "told again",
        "routing.py",
        'done = {*case.fact.told, publisher.id if publisher else ""}',
        'done = {publisher.id if publisher else ""}',
        "a certificate would come in anew with every enrolment",
        ("test_fold", "test_routing"),
    ),
    Mutant(
        "stale not recognised",
        "step.py",
        "if self.beaten or kind.older(case)",
        "if self.beaten and kind.older(case)",
        "a stray old update would be delivered after the cancellation",
        (
            "test_group",
            "test_routing",
        ),
    ),
    Mutant(
        "duplicate treated as new",
        "step.py",
        "if known is not None:",
        "if known is not None and known != content_hash(event):",
        "every retry of a publisher would be folded and journalled again",
        ("test_fold",),
    ),
    Mutant(
        "JSON order counts as content",
        "identity.py",
        "option=orjson.OPT_SORT_KEYS",
        "option=0",
        "a retry with reordered keys would end in quarantine",
        ("test_fold",),
    ),
    Mutant(
        "redelivery counted as a repeat",
        "work.py",
        "return state.positions.get(origin.topic, -1)",
        "return state.positions.get(origin.topic, -1) - 1",
        "after each crash the journal would accuse publishers of repeating themselves",
        ("test_fold",),
    ),
    Mutant(
        "delivery id drawn from the offset",
        "routing.py",
        "delivery_id(source, id, subscription.id)",
        "delivery_id(source, str(case.state.positions), subscription.id)",
        "a delivery made again after a crash could not be known as the same",
        ("test_fold",),
    ),
    Mutant(
        "wake missing",
        "step.py",
        "            self._wake(case)\n",
        "",
        "an acknowledgement that came before its handover would reach nobody",
        ("test_routing",),
    ),
    Mutant(
        "dossier kept",
        "catalogue/handover.py",
        'drop("dossierRef")',
        'drop("ackBy")',
        "the samenwerkingsverband would get a pointer to the whole dossier",
        ("test_routing",),
    ),
    Mutant(
        "refused consent ignored",
        "catalogue/relations.py",
        'handover.get("consent") == "refused"',
        'handover.get("consent") == "unknown"',
        "parents who said no would see the file handed over",
        ("test_routing",),
    ),
    Mutant(
        "subjects kept",
        "catalogue/onboard.py",
        'if name != "missingSubjects"',
        'if name != "voLevel"',
        "the mbo would see which subjects somebody failed",
        ("test_routing",),
    ),
    Mutant(
        "age reached too early",
        "life.py",
        "if day[5:7] > month[5:7]",
        "if day[5:7] >= month[5:7]",
        "children would be reported under the wrong law for a month",
        ("test_routing",),
    ),
    Mutant(
        "warned a day late",
        "rules.py",
        "enrolment_gap_warn_days: int = 7",
        "enrolment_gap_warn_days: int = 8",
        "the school would miss the term of seven days",
        ("test_signals",),
    ),
    Mutant(
        "clock goes back",
        "clocks.py",
        "today = max(work.origin.day, work.state.looked)",
        "today = work.origin.day",
        "a breach would be cleared and raised again by any message that was held up",
        ("test_signals",),
    ),
    Mutant(
        "unknown fields let in",
        "catalogue/model.py",
        'extra="forbid"',
        'extra="ignore"',
        "a publisher that sends names would never be told",
        ("test_admission",),
    ),
    Mutant(
        "another's source let in",
        "admission.py",
        "if event.source not in publisher.sources:",
        "if not publisher.sources:",
        "anyone with a token could speak for the municipality",
        ("test_admission",),
    ),
    Mutant(
        "personal values let in",
        "admission.py",
        "return data, [*wrong, *personal.faults(event.data, mailboxes=kind.mailboxes)]",
        "return data, wrong",
        "a BSN in an opaque reference would be stored",
        ("test_admission",),
    ),
    Mutant(
        "support rows shown to all",
        "line/parties.py",
        "lambda s: self.own(s.org, s.told_by)",
        "lambda s: True",
        "any school would see that a learner has a place in special education",
        ("test_line_shown",),
    ),
    Mutant(
        "oldest contribution stays",
        "contributions.py",
        "if known is None or known.rank() <= fact.rank():",
        "if known is None:",
        "the city would count the children that were first announced, for ever",
        ("test_group",),
    ),
)
