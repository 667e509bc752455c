"""Puts the parts together: the only place that knows every room. Importing it is light: each function brings in what
its part needs.
"""

from hub.wiring.alarm import alerts
from hub.wiring.contracts import schemas
from hub.wiring.door import gateway
from hub.wiring.parts import courier, processor, projector
from hub.wiring.tokens import partner_token, partner_tokens, revoke_token, rotate_token
from hub.wiring.whole import (
    demo,
    follow,
    list_partners,
    load_partners,
    lock,
    partner_ingress,
    partner_kafka,
    partner_no_kafka,
    up,
)

__all__ = [
    "alerts",
    "courier",
    "demo",
    "follow",
    "gateway",
    "list_partners",
    "load_partners",
    "lock",
    "partner_ingress",
    "partner_kafka",
    "partner_no_kafka",
    "partner_token",
    "partner_tokens",
    "processor",
    "projector",
    "revoke_token",
    "rotate_token",
    "schemas",
    "up",
]
