"""The door: the command `hub`. Reads the settings, calls one function of `hub.wiring`, gives the exit code.

0 all well, 1 failure, 2 wrong usage or a wrong setting.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from hub import __version__
from hub.errors import OperatorError
from hub.settings import Settings, SettingsError, read

# hub.wiring and all it needs is imported by the command that needs it: a fast start is worth more here than a
# tidy head of the file.

Command = Callable[[Settings, argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    chosen = parser().parse_args(arguments)
    command: Command = chosen.command
    try:
        return command(read(os.environ), chosen)
    except SettingsError as error:
        return _fail(error, 2)
    except OperatorError as error:
        return _fail(error, 1)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Who reads us has enough (`hub year | head`); nothing may be written at exit any more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="hub",
        description="Almere onderwijshub: events of education partners, each to the right partners.",
        epilog="Settings are environment variables that start with HUB_; hub/settings.py describes them all.",
    )
    commands = top.add_subparsers(required=True, metavar="command")
    text = "start everything on this machine, with a local Kafka unless HUB_KAFKA is set"
    _locked(_add(commands, "up", up, text))
    _add(commands, "gateway", gateway, "run the HTTP door alone")
    _add(commands, "processor", processor, "run the processor alone: folds, decides, routes")
    _add(commands, "courier", courier, "run the courier alone: delivers webhooks")
    _add(commands, "projector", projector, "run the projector alone: fills the read model")
    _add(commands, "alerts", alerts, "run the alarm alone: tells by mail or webhook what is wrong")
    _add(
        commands,
        "steward",
        steward,
        "run the steward alone: lets partners read by Kafka what they subscribe to",
    )
    _add(commands, "topics", topics, "make the Kafka topics that do not exist yet, and list them")
    _add_kafka(commands)
    _add_demo(commands)
    _add_year(commands)
    _add_replay(commands)
    check = _add(commands, "schemas", schemas, "write the generated JSON Schemas, AsyncAPI and OpenAPI")
    check.add_argument(
        "--check", action="store_true", help="write nothing; exit code 1 when they are not current"
    )
    text = "print the register of processing activities (AVG art. 30), made from the catalogue, as Markdown"
    _add(commands, "register", register, text).add_argument(
        "--lang", choices=("nl", "en"), default="nl", help="default nl"
    )
    _add_partners(commands)
    _add_secrets(commands)
    _add_journal(commands)
    _add(commands, "version", version, "print the version")
    return top


def up(settings: Settings, chosen: argparse.Namespace) -> int:
    from hub import wiring

    return wiring.up(_as_asked(settings, chosen))


def gateway(settings: Settings, _: argparse.Namespace) -> int:
    from hub import wiring

    return wiring.gateway(settings)


def processor(settings: Settings, _: argparse.Namespace) -> int:
    from hub import wiring

    return wiring.processor(settings)


def courier(settings: Settings, _: argparse.Namespace) -> int:
    from hub import wiring

    return wiring.courier(settings)


def projector(settings: Settings, _: argparse.Namespace) -> int:
    from hub import wiring

    return wiring.projector(settings)


def alerts(settings: Settings, _: argparse.Namespace) -> int:
    from hub import wiring

    return wiring.alerts(settings)


def steward(settings: Settings, _: argparse.Namespace) -> int:
    from hub import wiring

    return wiring.follow(settings)


def demo(settings: Settings, chosen: argparse.Namespace) -> int:
    from hub import wiring

    return wiring.demo(_as_asked(settings, chosen), chosen)


def lock(settings: Settings, chosen: argparse.Namespace) -> int:
    from hub import wiring

    return wiring.lock(settings, chosen.folder)


def rights(_: Settings, __: argparse.Namespace) -> int:
    from hub.core.kafka_rights import document

    print(document(), end="")
    return 0


def year(settings: Settings, chosen: argparse.Namespace) -> int:
    from hub.wiring import replay

    return replay.year(settings, chosen)


def fold(settings: Settings, chosen: argparse.Namespace) -> int:
    from hub.wiring import replay

    return replay.run(settings, chosen)


def schemas(_: Settings, chosen: argparse.Namespace) -> int:
    from hub import wiring

    return wiring.schemas(check=chosen.check)


def load_partners(settings: Settings, chosen: argparse.Namespace) -> int:
    from hub import wiring

    return wiring.load_partners(settings, chosen.file)


def list_partners(settings: Settings, _: argparse.Namespace) -> int:
    from hub import wiring

    return wiring.list_partners(settings)


def partner_token(settings: Settings, chosen: argparse.Namespace) -> int:
    from hub import wiring

    return wiring.partner_token(settings, chosen)


def rotate_token(settings: Settings, chosen: argparse.Namespace) -> int:
    from hub import wiring

    return wiring.rotate_token(settings, chosen)


def revoke_token(settings: Settings, chosen: argparse.Namespace) -> int:
    from hub import wiring

    return wiring.revoke_token(settings, chosen)


def partner_tokens(settings: Settings, chosen: argparse.Namespace) -> int:
    from hub import wiring

    return wiring.partner_tokens(settings, chosen.id)


def partner_ingress(settings: Settings, chosen: argparse.Namespace) -> int:
    from hub import wiring

    return wiring.partner_ingress(settings, chosen.id)


def partner_kafka(settings: Settings, chosen: argparse.Namespace) -> int:
    from hub import wiring

    return (wiring.partner_no_kafka if chosen.revoke else wiring.partner_kafka)(settings, chosen.id)


def rotate_secrets(settings: Settings, chosen: argparse.Namespace) -> int:
    from hub.wiring import secrets

    return secrets.rotate(settings, chosen.keep_key)


def topics(settings: Settings, _: argparse.Namespace) -> int:
    import asyncio

    from hub.core.topics import manifest
    from hub.kafka import ensure_topics, set_retention, wait_for_kafka

    wanted = manifest(settings.partitions, settings.window_ms)

    async def make() -> tuple[list[str], list[str]]:
        await wait_for_kafka(settings.bootstrap, timeout=5)
        made = await ensure_topics(settings.bootstrap, wanted, settings.replication)
        return made, await set_retention(settings.bootstrap, settings.window_ms)

    made, changed = asyncio.run(make())
    for topic in wanted:
        state = "made" if topic.name in made else "set" if topic.name in changed else "there"
        print(f"{state:6}{topic.name:20}{topic.partitions:4} partitions  {topic.config['cleanup.policy']}")
    return 0


def verify_journal(settings: Settings, chosen: argparse.Namespace) -> int:
    from hub.wiring import journal

    return journal.verify(settings, chosen)


def export_journal(settings: Settings, chosen: argparse.Namespace) -> int:
    from hub.wiring import journal

    return journal.export(settings, chosen)


def journal_key(settings: Settings, chosen: argparse.Namespace) -> int:
    from hub.wiring import journal

    return journal.key(settings, chosen)


def register(settings: Settings, chosen: argparse.Namespace) -> int:
    from hub.core.register import markdown
    from hub.wiring import rules

    print(markdown(chosen.lang, settings.source, rules.load(settings)), end="")
    return 0


def version(_: Settings, __: argparse.Namespace) -> int:
    print(__version__)
    return 0


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, command: Command, text: str
) -> argparse.ArgumentParser:
    made = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    made.set_defaults(command=command)
    return made


def _locked(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--locked",
        action="store_true",
        help="TLS, a password and rights of its own for every part in Kafka, as HUB_KAFKA_SECURITY=sasl_ssl",
    )


def _as_asked(settings: Settings, chosen: argparse.Namespace) -> Settings:
    return settings.model_copy(update={"kafka_security": "sasl_ssl"}) if chosen.locked else settings


def _add_kafka(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    text = "who may do what in a Kafka of one's own"
    actions = commands.add_parser("kafka", help=text, description=text[0].upper() + text[1:] + ".")
    named = actions.add_subparsers(required=True, metavar="action")
    text = "give each part of the hub its user, password and rights (hub/core/kafka_rights.py), and no others"
    made = _add(named, "lock", lock, text)
    made.add_argument(
        "--folder",
        type=Path,
        metavar="FOLDER",
        help="where the passwords go, a file each (default `secrets` in HUB_DATA)",
    )

    text = "print that table in Markdown, as it stands in deploy/kafka/rights.md"
    _add(named, "rights", rights, text)


def _add_demo(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    made = _add(commands, "demo", demo, "start everything, with simulated partner systems over real HTTP")
    made.add_argument(
        "--headless", action="store_true", help="end by itself and judge the deliveries by exit code"
    )
    made.add_argument(
        "--login", action="store_true", help="people log in, at an issuer without passwords on this machine"
    )
    made.add_argument("--seconds", type=float, metavar="N", help="publish for N seconds (headless: then end)")
    made.add_argument(
        "--speed",
        type=float,
        metavar="N",
        help="simulated days per second (default: a school year in 5 minutes; headless: in the seconds there are)",
    )
    made.add_argument("--rate", type=float, metavar="N", help="events per second, on average (default 8)")
    made.add_argument(
        "--seed", type=int, metavar="N", default=1, help="another seed, another year (default 1)"
    )
    _locked(made)


def _add_year(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    text = "write a made-up school year of Almere as JSON lines {at, partner, event}, in order of arrival"
    made = _add(commands, "year", year, text)
    made.add_argument(
        "--seed", type=int, metavar="N", default=1, help="another seed, another year (default 1)"
    )
    made.add_argument(
        "--events",
        type=int,
        metavar="N",
        default=156_000,
        help="about so many (default 156000: the whole city)",
    )
    made.add_argument(
        "--year", type=int, metavar="Y", default=2026, help="it begins on 1 August Y (default 2026)"
    )
    made.add_argument(
        "--out", type=Path, metavar="FILE", default=Path("-"), help="default -: standard output"
    )


def _add_replay(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    text = "fold a file of events without Kafka, and print the lines, signals and aggregates that result"
    made = _add(commands, "replay", fold, text)
    made.add_argument(
        "file",
        type=Path,
        metavar="FILE",
        help="lines of `hub year`, or CloudEvents, one per line; - is standard input",
    )
    made.add_argument(
        "--directory", type=Path, metavar="YAML", help="partners (default HUB_PARTNERS, or the demo's)"
    )
    made.add_argument(
        "--rules", type=Path, metavar="YAML", help="thresholds and calendar (default HUB_RULES)"
    )
    made.add_argument("--until", metavar="DAY", help="stop after that day, and let the clocks run to its end")
    made.add_argument(
        "--lines", type=Path, metavar="FILE", help="write every line, group and offer, with learner ids"
    )
    made.add_argument("--signals", action="store_true", help="show who must act on the signals that stand")
    made.add_argument("--census", action="store_true", help="show the aggregates that were published last")
    made.add_argument("--json", action="store_true", help="print the summary as JSON")
    made.add_argument(
        "--shuffle-within",
        nargs=2,
        metavar=("HOURS", "SEED"),
        help="hold each event up by chance, HOURS at most",
    )


def _add_partners(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    made = commands.add_parser(
        "partners", help="the directory of partners", description="The partner directory."
    )
    actions = made.add_subparsers(required=True, metavar="action")
    load = _add(actions, "load", load_partners, "put the partners of a YAML file into the directory")
    load.add_argument("file", type=Path, metavar="FILE")
    _add(actions, "list", list_partners, "list the partners")
    _add_tokens(actions)
    ingress = _add(actions, "ingress", partner_ingress, "make the topic to which a partner writes by Kafka")
    ingress.add_argument("id", metavar="ID", help="id of the partner")
    text = "make a new credential with which a partner reads its outboxes by Kafka, and show it once"
    door = _add(actions, "kafka", partner_kafka, text)
    door.add_argument("id", metavar="ID", help="id of the partner")
    door.add_argument("--revoke", action="store_true", help="take the credential away instead")


def _add_tokens(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    token = _add(actions, "token", partner_token, "make a new bearer token for a partner and show it once")
    shown = _add(actions, "tokens", partner_tokens, "list the tokens of a partner: label, end and bounds")
    text = "make a new token with the bounds of another one, which ends later"
    rotate = _add(actions, "rotate", rotate_token, text)
    revoke = _add(actions, "revoke", revoke_token, "take a token away from a partner, at once")
    for made in (token, shown, rotate, revoke):
        made.add_argument("id", metavar="ID", help="id of the partner")
    for made in (rotate, revoke):
        made.add_argument("label", metavar="LABEL", help="as `hub partners tokens` shows it")
    for made in (token, rotate):
        made.add_argument(
            "--days", type=_days, metavar="N", default=365, help="days that it holds (default 365)"
        )
    rotate.add_argument(
        "--overlap", type=_hours, metavar="HOURS", default=24.0, help="until the old one ends (default 24)"
    )
    for name, what in (
        ("scope", "what it opens, such as events.publish:<prefix of types>"),
        ("source", "CloudEvents source it may use"),
        ("type", "type it may publish, or a prefix that ends in *"),
        ("org", "organisation it may speak of, as brin:.., oin:.."),
    ):
        token.add_argument(
            f"--{name}", action="append", default=[], help=f"{what}; may be given again (default: all)"
        )


def _days(text: str) -> int:
    if not 1 <= int(text) <= 3650:
        raise argparse.ArgumentTypeError("1 to 3650 days")
    return int(text)


def _hours(text: str) -> float:
    if not 0 <= float(text) <= 24 * 90:
        raise argparse.ArgumentTypeError("0 to 2160 hours")
    return float(text)


def _add_secrets(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    made = commands.add_parser(
        "secrets", help="the keys that seal the secrets of subscriptions", description="The sealing keys."
    )
    actions = made.add_subparsers(required=True, metavar="action")
    rotate = _add(actions, "rotate", rotate_secrets, "make a new key and seal every secret again with it")
    text = "make no new key: seal with the first of the file, after it was put into the files of all machines"
    rotate.add_argument("--keep-key", action="store_true", help=text)


def _add_journal(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    made = commands.add_parser("journal", help="the journal as processing log", description="The journal.")
    actions = made.add_subparsers(required=True, metavar="action")
    text = "hold the journal against its seals; exit code 1 names the first record that was touched"
    check = _add(actions, "verify", verify_journal, text)
    check.add_argument("--key", type=Path, metavar="FILE", help="public key (PEM); default: of HUB_SEAL_KEY")
    text = "send the journal to a collector of processing logs (Logboek Dataverwerkingen) by OTLP"
    out = _add(actions, "export", export_journal, text)
    out.add_argument("--otlp", required=True, metavar="URL", help="of the collector: OTLP over HTTP, JSON")
    out.add_argument(
        "--since", metavar="MOMENT", help="start there (ISO 8601), not where the last export ended"
    )
    out.add_argument("--follow", action="store_true", help="go on for ever with what comes")
    out.add_argument("--token-file", type=Path, metavar="FILE", help="bearer token for the collector")
    _add(actions, "key", journal_key, "print the public key that checks the seals")


def _fail(error: Exception, code: int) -> int:
    print(f"hub: {error}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
