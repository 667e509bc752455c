"""The tokens of a partner: one more, one that ends, one less; and what a load of the directory leaves alone."""

from __future__ import annotations

from hub.core import tokens
from hub.core.partners import Partner, Role, Token

OLD = Token("drawn-1", "a" * 64, 5000, scopes=("events.read",))
FILED = Token("systeem", "b" * 64)
PARTNER = Partner("p", "P", (Role.PO,), tokens=(OLD, FILED))


def test_a_new_token_never_bears_the_label_of_another() -> None:
    partner = PARTNER
    for letter in "cde":
        partner = tokens.give(partner, Token("drawn-1", letter * 64))
    assert [t.label for t in partner.tokens] == ["drawn-1", "systeem", "drawn-1-2", "drawn-1-3", "drawn-1-4"]


def test_a_token_ends_when_it_is_told_to_and_never_later_than_it_would() -> None:
    def ends(label: str, at: int) -> list[int]:
        return [t.expires for t in tokens.end(PARTNER, label, at).tokens]

    assert ends("drawn-1", 4000) == [4000, 0]
    assert ends("drawn-1", 9000) == [5000, 0]
    assert ends("systeem", 9000) == [5000, 9000]
    assert ends("nobody", 9000) == [5000, 0]


def test_a_revoked_token_is_gone_and_may_be_revoked_again() -> None:
    gone = tokens.revoke(PARTNER, "drawn-1")
    assert gone.tokens == (FILED,) and tokens.revoke(gone, "drawn-1") == gone
    assert tokens.find(gone, "drawn-1") is None and tokens.find(PARTNER, "drawn-1") == OLD


def test_a_load_of_the_file_keeps_what_was_drawn_and_forgets_what_the_file_no_longer_has() -> None:
    loaded = tokens.keep_drawn(Partner("p", "P", (Role.PO,)), PARTNER)
    assert loaded.tokens == (OLD,)
    assert tokens.keep_drawn(loaded, loaded) == loaded
    assert tokens.keep_drawn(PARTNER, None) == PARTNER
