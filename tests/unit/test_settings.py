"""Settings are read once, at the door, from HUB_ variables; a wrong one is named in one line."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.local.children import environment
from hub.settings import Settings, SettingsError, read


def test_without_any_variable_the_hub_serves_this_machine_only() -> None:
    settings = read({})
    assert (settings.bootstrap, settings.url, settings.loopback) == (
        "127.0.0.1:19092",
        "http://127.0.0.1:8080",
        True,
    )
    assert settings.database_url == "sqlite:///.hub/readmodel.sqlite"
    assert settings.sink_allow == ()


def test_variables_of_others_are_none_of_our_business() -> None:
    assert read({"PATH": "/bin", "HUBBLE": "x", "GITHUB_TOKEN": "x"}) == read({})


def test_every_setting_can_be_given_by_its_variable() -> None:
    settings = read(
        {
            "HUB_DATA": "/srv/hub",
            "HUB_PORT": "9000",
            "HUB_KAFKA": "a:1,b:2",
            "HUB_SINK_ALLOW": "10.0.0.0/8,::1/128",
        }
    )
    assert settings.data == Path("/srv/hub") and settings.port == 9000
    assert settings.bootstrap == "a:1,b:2" and settings.sink_allow == ("10.0.0.0/8", "::1/128")
    assert settings.database_url == "sqlite:////srv/hub/readmodel.sqlite"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HUB_PORT", "eighty"),
        ("HUB_PARTITIONS", "0"),
        ("HUB_REPLICATION", "-1"),
        ("HUB_LOG_LEVEL", "loud"),
        ("HUB_LOG_FORMAT", "xml"),
        ("HUB_SINK_ALLOW", "10.0.0.0/8,somewhere"),
        ("HUB_SINK_PORTS", "9443,70000"),
        ("HUB_SINK_PORTS", "https"),
        ("HUB_WEBHOOK_TIMEOUT", "0"),
        ("HUB_PROXY_TRUST", "10.0.0.1/8"),
        ("HUB_PROXY_HEADER", "X Client"),
        ("HUB_ISSUERS", "inlog.example.nl"),
        ("HUB_ISSUERS", "https://inlog.example.nl,http://inlog.example.nl"),
        ("HUB_ISSUERS", "http://127.0.0.1.example.nl"),
        ("HUB_ISSUERS", "https://naam:geheim@inlog.example.nl"),
        ("HUB_ISSUERS", "https://inlog.example.nl?x=1"),
        ("HUB_ISSUERS", "https://[::1"),
        ("HUB_PROT", "8080"),
    ],
)
def test_a_wrong_or_misspelt_variable_is_named_in_one_line(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name}: ") as raised:
        read({name: value})
    assert "\n" not in str(raised.value)


def test_issuers_are_reached_by_tls_and_on_this_machine_without() -> None:
    given = "https://inlog.example.nl/realms/almere,http://127.0.0.1:9100,http://[::1]:9100,http://localhost"
    assert read({"HUB_ISSUERS": given}).issuers == tuple(given.split(","))
    assert read({"HUB_ISSUERS": ""}).issuers == ()


def test_settings_cannot_be_changed_after_they_were_read() -> None:
    with pytest.raises(ValueError, match="frozen"):
        read({}).port = 1  # type: ignore[misc]


@given(
    port=st.integers(1, 65535),
    timeout=st.floats(0.1, 100),
    allow=st.lists(st.sampled_from(["10.0.0.0/8", "127.0.0.1/32", "fd00::/8"])),
    level=st.sampled_from(["debug", "info", "warning", "error"]),
)
def test_a_part_reads_the_very_settings_that_hub_up_has(
    port: int, timeout: float, allow: list[str], level: str
) -> None:
    settings = Settings(
        data=Path("/srv"),
        kafka_libs=Path("/jars"),
        port=port,
        webhook_timeout=timeout,
        sink_allow=tuple(allow),
        sink_ports=(port, 8444),
        sink_ca=Path("/etc/hub/ca.pem"),
        secrets_key=Path("/run/secrets/hub"),
        log_level=level,
        database="postgresql+psycopg://hub@db/hub",
    )
    assert read(environment(settings, {"HUB_KAFKA": "left over:1", "PATH": "/bin"})) == settings


def test_every_setting_is_described_and_the_description_says_something() -> None:
    fields = Settings.model_fields
    assert [name for name, field in fields.items() if len(field.description or "") < 10] == []


def hub(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hub", *arguments], capture_output=True, text=True, env=environ
    )


def test_the_door_names_a_wrong_setting_and_exits_with_2() -> None:
    done = hub("version", HUB_PORT="eighty")
    assert done.returncode == 2
    assert re.fullmatch(r"hub: HUB_PORT: [^\n]+\n", done.stderr)


def test_the_door_names_an_unknown_command_and_exits_with_2() -> None:
    assert hub("fly").returncode == 2


def test_the_door_says_in_one_line_that_kafka_is_missing_and_exits_with_1() -> None:
    done = hub("topics", HUB_KAFKA="127.0.0.1:1")
    assert done.returncode == 1
    assert re.fullmatch(r"hub: no Kafka answers at 127\.0\.0\.1:1 [^\n]+HUB_KAFKA\n", done.stderr)


@pytest.mark.parametrize(
    "command",
    [
        "up",
        "gateway",
        "processor",
        "courier",
        "projector",
        "topics",
        "demo",
        "schemas",
        "partners",
        "secrets",
    ],
)
def test_every_command_has_help(command: str) -> None:
    done = hub(command, "--help")
    assert done.returncode == 0 and f"usage: hub {command}" in done.stdout


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HUB_DOOR_RATE", "-1"),
        ("HUB_DOOR_RATE", "nan"),
        ("HUB_DOOR_CONNECTIONS", "0"),
        ("HUB_DOOR_HEAD_SECONDS", "0"),
        ("HUB_DOOR_ORIGINS", "*"),
        ("HUB_DOOR_ORIGINS", "https://a.nl/path"),
        ("HUB_DOOR_BODY_BYTES", "10"),
    ],
)
def test_a_limit_of_the_door_that_makes_no_sense_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        read({name: value})
