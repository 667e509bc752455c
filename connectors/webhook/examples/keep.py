"""Keeps every event of one webhook once. In the environment: PORT, FILE, FEED, TOKEN, SECRET (`whsec_...`)."""

import json
import sqlite3
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from os import environ
from urllib.request import Request, urlopen

from standardwebhooks import Webhook

lock, db = threading.Lock(), sqlite3.connect(environ["FILE"], check_same_thread=False)
db.execute("CREATE TABLE IF NOT EXISTS event (id PRIMARY KEY, event)")
db.execute("CREATE TABLE IF NOT EXISTS missing AS SELECT 1 AS number")  # the next to come, and gaps below it


def keep(events: list[tuple[str, str]], had: list[int], newest: int) -> int:
    """All in one transaction. Returns the lowest number that is missing or to come."""
    with lock, db:
        (next,) = db.execute("SELECT max(number) FROM missing").fetchone()
        db.executemany("INSERT INTO missing VALUES (?)", [(n,) for n in range(next + 1, newest + 2)])
        db.executemany("DELETE FROM missing WHERE number = ?", [(n,) for n in had])
        db.executemany("INSERT OR IGNORE INTO event VALUES (?, ?)", events)
        return int(db.execute("SELECT min(number) FROM missing").fetchone()[0])


def fetch(after: int) -> int:
    url, token = f"{environ['FEED']}?limit=500&after={after}", f"Bearer {environ['TOKEN']}"
    page = json.load(urlopen(Request(url, headers={"Authorization": token}), timeout=60))
    events = [(one["deliveryId"], json.dumps(one["event"])) for one in page["events"] if "event" in one]
    had = [*range(after + 1, page["first"]), *(one["number"] for one in page["events"])]
    return keep(events, had, page["last"])


class Hook(BaseHTTPRequestHandler):
    def do_OPTIONS(self) -> None:
        self.send_response(200)
        self.send_header("WebHook-Allowed-Origin", self.headers["WebHook-Request-Origin"])
        self.end_headers()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        event = Webhook(environ["SECRET"]).verify(body, dict(self.headers))  # or raises: no answer
        number = int(self.headers.get("Hub-Sequence", 0))  # a heartbeat has none
        gone = [run.split("-") for run in self.headers.get("Hub-Withdrawn", "").split(",") if run]
        had = [number, *(n for run in gone for n in range(int(run[0]), int(run[-1]) + 1))]
        newest = max(had) if number else event["data"]["number"]
        lowest = keep([(self.headers["webhook-id"], body.decode())] if number else [], had, newest)
        self.do_OPTIONS()  # 200: it is safe on our disk
        while lowest <= newest - (100 if number else 0):  # fewer may still be on their way
            lowest = fetch(lowest - 1)


ThreadingHTTPServer(("", int(environ["PORT"])), Hook).serve_forever()
