"""What was routed is looked at again when it is delivered: a right that was taken away meanwhile stops it.

Routing has decided by the relation of its moment, which is not looked up again; what may have changed since is who the
partner is, what its subscription is for, and what the operator switched off.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from hub.core.delivery import Delivery
from hub.core.directory import Directory
from hub.core.partners import Partner, Role
from hub.core.purposes import ALWAYS, GROUNDS, HAD, flow_of
from hub.core.subscription import Subscription

GONE = "partner-gone"
NO_ROLE = "no-role"
OFF = "flow-off"
NO_BASIS = "basis-not-covered"

_NO_CASE = frozenset({Role.PROCESREGISSEUR, Role.OPERATOR, Role.HUB})
_SIDE = frozenset(Role) - _NO_CASE

ROLES: Mapping[str, frozenset[Role]] = {
    "GEM": frozenset({Role.GEMEENTE}),
    "LP": frozenset({Role.LEERPLICHT}),
    "DP": frozenset({Role.DOORSTROOMPUNT}),
    "TC": frozenset({Role.TAALCENTRUM}),
    "SWV": frozenset({Role.SWV}),
    "FROM": _SIDE,
    "TO": _SIDE,
    "BRD": frozenset({Role.BOARD}),
    "OTH": _SIDE,
    "OPV": frozenset({Role.OPVANG}),
    "JGZ": frozenset({Role.JGZ, Role.JEUGDHULP}),
    "PR": frozenset({Role.PROCESREGISSEUR}),
}
"""Roles that a partner must still have one of to be given something by a column of the matrix. Who is a side of the
matter itself may have any role that can have a part in one."""


def refused(
    directory: Directory, off: Collection[str], to: Subscription, type: str, delivery: Delivery
) -> str:
    """Why a delivery of an event of this type is not made any more, as a code; "" when it is. What takes something
    back, and that a line was closed or erased, is told to whoever is still a partner."""
    partner = directory.get(to.partner)
    if partner is None:
        return GONE
    flow = flow_of(type)
    if not flow or flow == ALWAYS or delivery.withdraws:
        return ""
    if flow in off:
        return OFF
    if delivery.column and not _fits(partner, delivery.column):
        return NO_ROLE
    basis = to.config.get("basis")
    if basis is not None and GROUNDS[basis].roles.isdisjoint(partner.roles):
        return NO_BASIS
    # What was written before columns were has none; its purpose can be told all the same.
    return to.uncovered(type, delivery.column or HAD)


def _fits(partner: Partner, column: str) -> bool:
    return column == HAD or not ROLES[column].isdisjoint(partner.roles)
