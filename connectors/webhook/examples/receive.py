"""A receiver to try the hub with: `python -m connectors.webhook.examples.receive 9000 secret.txt`.

Answers the handshake and prints every delivery whose signature is right. The file with the secret is read at each
delivery, for the secret is only known once the subscription is made.
"""

from __future__ import annotations

import argparse
import contextlib
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from connectors.webhook.receiver import Receiver, Refused


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("port", type=int, help="port to listen on, at 127.0.0.1")
    parser.add_argument("secret", type=Path, help="file with the whsec_... of the subscription")
    chosen = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        ThreadingHTTPServer(("127.0.0.1", chosen.port), handler(chosen.secret)).serve_forever()
    return 0


def handler(secret: Path) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_OPTIONS(self) -> None:
            allowed = Receiver("whsec_").handshake(dict(self.headers.items()))
            self._answer(200, allowed)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            got = Receiver(secret.read_text().strip()).accept(dict(self.headers.items()), body)
            if isinstance(got, Refused):
                print(f"refused: {got.reason}", flush=True)
                return self._answer(got.status, {})
            number = self.headers.get("Hub-Sequence", "?")
            if withdrawn := self.headers.get("Hub-Withdrawn"):
                print(f"withdrawn, so not to come: {withdrawn}", flush=True)
            print(f"number {number}, signature right: {json.dumps(got.event)}", flush=True)
            return self._answer(204, {})

        def _answer(self, status: int, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Quiet: only deliveries are printed."""

    return Handler


if __name__ == "__main__":
    raise SystemExit(main())
