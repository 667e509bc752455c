"""What the demo keeps of its partners between two runs: a secret, webhook secrets, what was sent and received."""

from __future__ import annotations

import base64
import hmac
import os
import secrets
from datetime import date
from pathlib import Path
from typing import Any

import orjson


class Folder:
    """`secret` makes the tokens, so that none stands in the repository."""

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.receipts = path / "receipts.jsonl"
        self.accepted = path / "accepted.jsonl"
        self.clock = path / "clock"
        self.login_key = path / "login.pem"
        self._secret = self._own("secret", secrets.token_hex(32)).encode()

    def token(self, partner: str) -> str:
        """The bearer token of a simulated partner: the same in every run on this folder."""
        digest = hmac.digest(self._secret, partner.encode(), "sha256")
        return "demo-" + base64.urlsafe_b64encode(digest).decode().rstrip("=")

    def write_tokens(self, partners: list[str]) -> Path:
        """For whoever wants to try something with curl: one line per partner."""
        path = self.path / "tokens.txt"
        write_private(path, "".join(f"{p:30}{self.token(p)}\n" for p in partners))
        return path

    def stand_at(self, day: date) -> None:
        """Sets the clock of the hub (`HUB_CLOCK`): the year of the story goes by in minutes."""
        write_private(self.clock, day.isoformat())

    def next_run(self) -> int:
        path = self.path / "runs"
        number = int(path.read_text()) + 1 if path.exists() else 1
        path.write_text(str(number))
        return number

    def known(self) -> dict[str, Any]:
        """What `remember` last kept."""
        path = self.path / "subscriptions.json"
        known: dict[str, Any] = orjson.loads(path.read_bytes()) if path.exists() else {}
        return known

    def remember(self, known: dict[str, Any]) -> None:
        write_private(self.path / "subscriptions.json", orjson.dumps(known).decode())

    def _own(self, name: str, value: str) -> str:
        path = self.path / name
        if not path.exists():
            write_private(path, value)
        return path.read_text()


def write_private(path: Path, text: str) -> None:
    """Whole or not at all, readable by its owner only."""
    draft = path.with_name(path.name + ".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)
