"""The tokens of a partner, as they are given, replaced and taken away. Each change can be made again on what somebody
else wrote meanwhile."""

from __future__ import annotations

import msgspec

from hub.core.partners import Partner, Token

DRAWN = "drawn"
"""Label of tokens that were drawn; a directory file knows nothing of them and does not take them away."""


def find(partner: Partner, label: str) -> Token | None:
    return next((token for token in partner.tokens if token.label == label), None)


def give(partner: Partner, token: Token) -> Partner:
    """With one token more, its label made unique among those of the partner."""
    taken = {known.label for known in partner.tokens}
    labels = (token.label, *(f"{token.label}-{n}" for n in range(2, len(taken) + 3)))
    fresh = next(label for label in labels if label not in taken)
    named = msgspec.structs.replace(token, label=fresh)
    return msgspec.structs.replace(partner, tokens=(*partner.tokens, named))


def end(partner: Partner, label: str, at: int) -> Partner:
    """The token of that label opens nothing from `at` on (milliseconds since 1970); one that ends sooner still does."""
    ended = tuple(
        msgspec.structs.replace(token, expires=min(token.expires or at, at))
        if token.label == label
        else token
        for token in partner.tokens
    )
    return msgspec.structs.replace(partner, tokens=ended)


def revoke(partner: Partner, label: str) -> Partner:
    kept = tuple(token for token in partner.tokens if token.label != label)
    return msgspec.structs.replace(partner, tokens=kept)


def keep_drawn(given: Partner, known: Partner | None) -> Partner:
    """A partner from a file, with the tokens that were drawn for it."""
    drawn = [token for token in known.tokens if token.label.startswith(DRAWN)] if known else []
    fresh = [token for token in drawn if token not in given.tokens]
    return msgspec.structs.replace(given, tokens=(*given.tokens, *fresh))
