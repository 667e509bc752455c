"""Metrics, log lines and health answers, as an operator reads them."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import signal
import subprocess
import sys
from collections.abc import Iterator
from uuid import uuid4

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from hub.core.records import Count
from hub.local.ports import free_row
from hub.telemetry import health, log, metrics


def value(name: str, **labels: str) -> float:
    return metrics.REGISTRY.get_sample_value(name, labels) or 0.0


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What this process logs, with the logging of pytest put back afterwards."""
    root, hub = logging.getLogger(), logging.getLogger("hub")
    before = (root.handlers[:], root.level, hub.level)
    stream = io.StringIO()
    log.configure("courier", "info", "json", stream)
    yield stream
    root.handlers[:], root.level = before[0], before[1]
    hub.setLevel(before[2])


def logged(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_equal_counts_are_added_up() -> None:
    labels = ("E1", f"p{uuid4().hex}", "accepted")
    metrics.count([Count("hub_events_total", labels)] * 3 + [Count("hub_folds_total", ("E1",))])
    assert value("hub_events_total", kind="E1", publisher=labels[1], outcome="accepted") == 3


def test_a_count_that_is_not_declared_is_a_bug_and_not_a_new_metric() -> None:
    with pytest.raises(KeyError):
        metrics.count([Count("hub_typo_total", ())])
    with pytest.raises(ValueError):
        metrics.count([Count("hub_events_total", ("E1",))])


def test_every_metric_has_help_and_the_prefix_of_the_hub() -> None:
    families = list(text_string_to_metric_families(metrics.render().decode()))
    assert len(families) >= 20
    assert [f.name for f in families if not f.name.startswith("hub_") or len(f.documentation) < 20] == []


def test_every_counter_can_be_reached_by_the_name_that_is_shown() -> None:
    shown = {
        f.name + "_total"
        for f in text_string_to_metric_families(metrics.render().decode())
        if f.type == "counter"
    }
    assert shown - {"hub_process_cpu_seconds_total"} == set(metrics.COUNTERS)


def test_an_event_is_one_line_with_its_fields(lines: io.StringIO) -> None:
    log.event("delivery.attempted", subscription="s1", status=204, took=0.25)
    (line,) = logged(lines)
    ts = line.pop("ts")
    assert isinstance(ts, str) and ts.endswith("Z")
    assert line == {
        "level": "info",
        "part": "courier",
        "event": "delivery.attempted",
        "subscription": "s1",
        "status": 204,
        "took": 0.25,
    }


def test_a_line_below_the_level_is_not_written(lines: io.StringIO) -> None:
    log.event("too.small", "debug")
    assert lines.getvalue() == ""


def test_a_value_that_json_does_not_know_still_makes_one_line(lines: io.StringIO) -> None:
    log.event("odd", field={1: object()}, text="two\nlines")
    assert len(lines.getvalue().splitlines()) == 1 and logged(lines)[0]["text"] == "two\nlines"


def test_an_error_shows_where_it_came_from_and_not_what_it_quotes(lines: io.StringIO) -> None:
    try:
        {}["learner/Fatima"]
    except KeyError as error:
        log.event("batch.failed", "error", error=error)
    (line,) = logged(lines)
    assert line["error"] == "KeyError" and "Fatima" not in lines.getvalue()
    assert isinstance(line["trace"], list) and "test_telemetry.py" in line["trace"][-1]


def test_an_error_about_machinery_keeps_its_message(lines: io.StringIO) -> None:
    log.event("sink.failed", "error", error=ConnectionRefusedError(111, "Connection refused"))
    assert "Connection refused" in str(logged(lines)[0]["error"])


def test_what_a_library_logs_is_masked_and_shortened(lines: io.StringIO) -> None:
    learner = str(uuid4())
    logging.getLogger("some.library").warning("cannot handle %s %s", learner, "x" * 5000)
    (line,) = logged(lines)
    assert learner not in lines.getvalue() and "<uuid>" in str(line["message"])
    assert len(lines.getvalue()) < 1000 and line["logger"] == "some.library"


def test_an_exception_that_a_library_logs_does_not_show_its_message(lines: io.StringIO) -> None:
    try:
        raise ValueError("Fatima")
    except ValueError:
        logging.getLogger("some.library").exception("task failed")
    assert "Fatima" not in lines.getvalue() and logged(lines)[0]["error"] == "ValueError"


def test_access_logs_which_hold_urls_are_off(lines: io.StringIO) -> None:
    for name in ("uvicorn.access", "aiohttp.access"):
        logging.getLogger(name).error("GET /v1/learning-lines/x")
    assert lines.getvalue() == ""


def test_a_library_that_repeats_itself_is_heard_once(lines: io.StringIO) -> None:
    for _ in range(50):
        logging.getLogger("aiokafka.client").error("Unable connect to %s", "127.0.0.1:1")
        log.event("delivery.attempted")
    assert [line["event"] for line in logged(lines)].count("library") == 1
    assert len(logged(lines)) == 51


def test_text_lines_are_for_people(lines: io.StringIO) -> None:
    stream = io.StringIO()
    log.configure("gateway", "info", "text", stream)
    log.event("event.accepted", kind="E1")
    assert stream.getvalue().rstrip().endswith("info    gateway: event.accepted kind=E1")


class State:
    ready = (True, "ok")
    healthy = (True, "ok")


async def test_health_tells_the_truth_and_why() -> None:
    state, port = State(), free_row(2)
    server = health.HealthServer("127.0.0.1", port, lambda: state.ready, lambda: state.healthy)
    await server.start()
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:
            async with http.get("/readyz") as answer:
                assert (answer.status, await answer.json()) == (200, {"ready": True, "reason": "ok"})
            state.ready, state.healthy = (False, "waiting for Kafka"), (False, "coordinator is deaf")
            async with http.get("/readyz") as answer:
                assert (answer.status, await answer.json()) == (
                    503,
                    {"ready": False, "reason": "waiting for Kafka"},
                )
            async with http.get("/healthz") as answer:
                assert (answer.status, (await answer.json())["reason"]) == (503, "coordinator is deaf")
            async with http.get("/metrics") as answer:
                assert answer.status == 200 and "hub_events_total" in await answer.text()
    finally:
        await server.stop()


async def test_a_taken_port_is_told_with_the_setting_that_moves_it() -> None:
    port = free_row(2)
    first = health.HealthServer("127.0.0.1", port, health.well)
    await first.start()
    try:
        with pytest.raises(health.PortTaken, match=f"port {port} of 127.0.0.1 is taken.*HUB_METRICS_PORT"):
            await health.HealthServer("127.0.0.1", port, health.well).start()
    finally:
        await first.stop()


_PART = """
import asyncio, sys
from hub.telemetry import service
async def work(stopping):
    print("started", flush=True)
    await stopping.wait()
    if "hang" in sys.argv:
        await asyncio.sleep(60)
    print("finished", flush=True)
sys.exit(service.run(work))
"""


def part(*arguments: str) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", _PART, *arguments], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "started\n"
    return process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_part_that_is_told_to_stop_finishes_its_work_and_exits_with_0(number: signal.Signals) -> None:
    process = part()
    process.send_signal(number)
    out, _ = process.communicate(timeout=10)
    assert (process.returncode, out) == (0, "finished\n")


async def test_a_second_signal_ends_a_part_that_hangs() -> None:
    process = part("hang")
    process.send_signal(signal.SIGTERM)
    await asyncio.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=10)
    assert (process.returncode, out) == (0, "")
