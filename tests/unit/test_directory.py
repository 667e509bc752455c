"""A directory of partners in YAML: read whole, or refused with everything that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub import directory
from hub.core import profile
from hub.core.catalogue import KINDS
from hub.core.directory import Directory
from hub.core.event import Event, moment
from hub.demo.run import DIRECTORY
from hub.directory import DirectoryError

PARTNERS = directory.load(DIRECTORY)


def write(folder: Path, text: str) -> Path:
    path = folder / "partners.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_directory_of_the_demo_has_a_publisher_and_a_board_for_everything() -> None:
    roles = {role for partner in PARTNERS for role in partner.roles}
    partner_kinds = [kind for kind in KINDS.values() if not kind.code.startswith("H")]
    assert all(kind.publishers & roles for kind in partner_kinds)
    ids = {partner.id for partner in PARTNERS}
    assert all(partner.board in ids for partner in PARTNERS if partner.board)


def test_its_numbers_are_fictional_and_its_sources_fit_the_profile() -> None:
    for partner in PARTNERS:
        assert all(org.ref[5:9] in ("00YY", "99XX") for org in partner.orgs if org.ref.startswith("brin:"))
        for source in partner.sources:
            event = Event({"source": source, "type": "nl.x.y.v1", "time": "2026-01-01T00:00:00Z", "id": "1"})
            assert [fault for fault in profile.check(event) if fault.pointer == "/source"] == []


def test_no_token_stands_in_the_file() -> None:
    assert [partner.id for partner in PARTNERS if partner.tokens] == []


def test_each_partner_is_known_by_its_own_token_only() -> None:
    found = Directory(directory.load(DIRECTORY, lambda partner: f"token of {partner}"))
    owner, token = found.of_token("token of prisma") or (None, None)
    assert owner is found.partners["prisma"] and token in owner.tokens
    assert found.of_token("token of nobody") is None


def test_what_is_written_is_read_back_the_same(tmp_path: Path) -> None:
    partners = directory.load(DIRECTORY, lambda partner: f"token of {partner}")
    assert directory.load(write(tmp_path, directory.dump(partners))) == partners


def test_tokens_and_clients_are_read_with_what_they_are_bound_to(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        f"""
        - id: school-a
          name: A
          roles: [po]
          orgs: [{{ref: "brin:00YY01", name: A}}]
          oins: ["00000099000000001000"]
          tokens: [{{label: l, sha256: {"a" * 64}, expires: 2027-07-31, orgs: ["brin:00YY01"]}}]
          clients: [{{issuer: https://inlog.example.nl, id: las-1, scopes: ["events.publish:nl.x", lines.read]}}]
        """,
    )
    (partner,) = directory.load(path)
    (token,), (client,) = partner.tokens, partner.clients
    assert moment(token.expires) == "2027-08-01T00:00:00.000Z" and token.orgs == ("brin:00YY01",)
    assert (client.id, client.scopes) == ("las-1", ("events.publish:nl.x", "lines.read"))
    assert partner.oins == ("00000099000000001000",)
    assert directory.load(write(tmp_path, directory.dump([partner]))) == [partner]


def test_a_bound_that_opens_nothing_and_a_client_of_two_are_faults(tmp_path: Path) -> None:
    bound = '{issuer: https://inlog.example.nl, id: las-1, scopes: [lines.reed], sources: ["urn:x"]}'
    lines = [f"- {{id: {id}, name: {id}, roles: [po], clients: [{bound}]}}" for id in ("a", "b")]
    with pytest.raises(DirectoryError) as caught:
        directory.load(write(tmp_path, "\n".join(lines)))
    told = "\n".join(caught.value.faults)
    assert "client las-1 of https://inlog.example.nl stands there 2 times" in told
    assert "partner b: scope lines.reed is not one of events.publish, " in told
    assert "partner a: source urn:x is not its own" in told


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
        - {id: School A, name: A, roles: [po]}
        - {id: school-b, name: B, roles: [kok], orgs: [{ref: "brin:1", name: B}], colour: red}
        - {id: school-c, name: C, roles: [po], board: nobody, sources: ["urn:x y"]}
        - {id: school-c, name: C, roles: []}
        - {id: school-d, name: D, roles: [po], tokens: [{label: l, sha256: plain}]}
        - just text
        """,
    )
    with pytest.raises(DirectoryError) as caught:
        directory.load(path)
    told = "\n".join(caught.value.faults)
    for part in (
        "School A: id",
        "roles.0",
        "orgs.0.ref",
        "colour",
        "board nobody",
        "source urn:x y",
        "sha256",
        "partner 6",
    ):
        assert part in told
    assert "school-c: roles" in told


def test_a_number_that_two_partners_claim_is_a_fault(tmp_path: Path) -> None:
    twice = """
    - {id: a, name: A, roles: [po], orgs: [{ref: "brin:00YY01", name: A}], sources: ["urn:nld:oin:1:x"]}
    - {id: b, name: B, roles: [po], orgs: [{ref: "brin:00YY01", name: B}], sources: ["urn:nld:oin:1:x"]}
    """
    with pytest.raises(DirectoryError, match=r"organisation brin:00YY01 .* 2 times; source urn:nld:oin:1:x"):
        directory.load(write(tmp_path, twice))


@pytest.mark.parametrize(
    ("text", "says"), [("", "list of partners"), ("{a: 1}", "list of partners"), ("- [", "not YAML")]
)
def test_a_file_that_is_no_directory_is_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(DirectoryError, match=says):
        directory.load(write(tmp_path, text))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DirectoryError, match=r"nowhere\.yaml: cannot be read"):
        directory.load(tmp_path / "nowhere.yaml")
