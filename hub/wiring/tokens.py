"""Tokens of partners, at the command line. Each is printed once, when it is drawn, and nothing else on that output."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time

from hub import partners
from hub.core import tokens
from hub.core.event import moment
from hub.core.partners import Bound, Token
from hub.settings import Settings


def partner_token(settings: Settings, chosen: argparse.Namespace) -> int:
    """Draws a token for a partner."""
    bound = Bound(
        scopes=tuple(chosen.scope),
        sources=tuple(chosen.source),
        types=tuple(chosen.type),
        orgs=tuple(chosen.org),
    )
    print(asyncio.run(partners.give_token(settings, chosen.id, chosen.days, bound)))
    return 0


def rotate_token(settings: Settings, chosen: argparse.Namespace) -> int:
    """Draws a token in the place of another."""
    drawing = partners.rotate_token(settings, chosen.id, chosen.label, chosen.overlap, chosen.days)
    print(asyncio.run(drawing))
    return 0


def revoke_token(settings: Settings, chosen: argparse.Namespace) -> int:
    """Takes a token away."""
    asyncio.run(partners.revoke_token(settings, chosen.id, chosen.label))
    print(f"{chosen.label} of {chosen.id} opens nothing any more")
    if not chosen.label.startswith(tokens.DRAWN):
        print("take it out of the directory file too, or loading that gives it back", file=sys.stderr)
    return 0


def partner_tokens(settings: Settings, id: str) -> int:
    """Prints label, end and bounds of each token of a partner; never its hash."""
    now = time.time_ns() // 1_000_000
    for token in asyncio.run(partners.partner_tokens(settings, id)):
        print(f"{token.label:28}{_end(token, now):28}{_bounds(token)}")
    return 0


def _end(token: Token, now: int) -> str:
    if not token.expires:
        return "no end"
    return f"{'ended' if token.expires <= now else 'ends'} {moment(token.expires)[:16]}Z"


def _bounds(token: Token) -> str:
    bounds = [
        f"{name}={','.join(given)}" for name in Bound.__struct_fields__ if (given := getattr(token, name))
    ]
    return " ".join(bounds) or "all that the partner may do"
