"""Which scope each route of the HTTP door asks for. A route that is in neither list opens to nobody."""

from __future__ import annotations

from hub.core.rights import Scope

Route = tuple[str, str]
"""Method and path as the route is written."""

_SUBSCRIPTION = "/v1/subscriptions/{id}"

SCOPES: dict[Route, Scope] = {
    ("POST", "/v1/events"): Scope.PUBLISH,
    ("GET", f"{_SUBSCRIPTION}/events"): Scope.READ,
    ("GET", f"{_SUBSCRIPTION}/position"): Scope.READ,
    ("PUT", f"{_SUBSCRIPTION}/position"): Scope.READ,
    ("GET", f"{_SUBSCRIPTION}/report"): Scope.READ,
    ("GET", "/v1/subscriptions"): Scope.MANAGE,
    ("POST", "/v1/subscriptions"): Scope.MANAGE,
    ("POST", "/v1/subscriptions/_preview"): Scope.MANAGE,
    ("GET", _SUBSCRIPTION): Scope.MANAGE,
    ("PUT", _SUBSCRIPTION): Scope.MANAGE,
    ("DELETE", _SUBSCRIPTION): Scope.MANAGE,
    ("POST", f"{_SUBSCRIPTION}/_pause"): Scope.MANAGE,
    ("POST", f"{_SUBSCRIPTION}/_resume"): Scope.MANAGE,
    ("POST", f"{_SUBSCRIPTION}/_test"): Scope.MANAGE,
    ("POST", f"{_SUBSCRIPTION}/_dry-run"): Scope.MANAGE,
    ("GET", f"{_SUBSCRIPTION}/keys"): Scope.MANAGE,
    ("POST", f"{_SUBSCRIPTION}/_rotate"): Scope.MANAGE,
    ("GET", "/v1/dead-letters"): Scope.REPLAY,
    ("POST", f"{_SUBSCRIPTION}/_replay"): Scope.REPLAY,
    ("GET", f"{_SUBSCRIPTION}/replays"): Scope.REPLAY,
    ("GET", f"{_SUBSCRIPTION}/replays/{{replayId}}"): Scope.REPLAY,
    ("POST", f"{_SUBSCRIPTION}/replays/{{replayId}}/_stop"): Scope.REPLAY,
    ("GET", "/v1/learning-lines/{learnerId}"): Scope.LINES,
    ("GET", "/v1/journeys"): Scope.JOURNEYS,
    ("GET", "/v1/journeys/_search"): Scope.JOURNEYS,
    ("GET", "/v1/signals"): Scope.SIGNALS,
    ("GET", "/v1/census"): Scope.CENSUS,
    ("GET", "/v1/census/{metric}"): Scope.CENSUS,
    ("GET", "/v1/newcomers"): Scope.CENSUS,
    ("GET", "/v1/flows"): Scope.CENSUS,
    ("GET", "/v1/partners"): Scope.PARTNERS,
    ("POST", "/v1/access-requests"): Scope.LEARNERS,
    ("POST", "/v1/erasures"): Scope.LEARNERS,
    ("POST", "/v1/restrictions"): Scope.LEARNERS,
    ("GET", "/metrics"): Scope.OPERATIONS,
    ("GET", "/parts"): Scope.OPERATIONS,
}

OPEN: frozenset[Route] = frozenset(
    {
        ("OPTIONS", "/v1/events"),
        ("GET", "/v1/openapi.json"),
        ("GET", "/v1/catalogue"),
        ("GET", "/asyncapi.json"),
        ("GET", "/schemas/{path:path}"),
        ("GET", "/healthz"),
        ("GET", "/readyz"),
        ("GET", "/login"),
        ("GET", "/login/callback"),
        ("GET", "/login/session"),
        ("GET", "/logout"),
        ("POST", "/logout"),
    }
)
"""What says nothing of anybody, the handshake of a webhook, and the login of people, which guards itself."""
