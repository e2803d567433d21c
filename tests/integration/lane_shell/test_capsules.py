"""Passages taken out of real journals as capsules run to the same bytes; what is no honest capsule is refused."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from lane_controller.app import main as command
from lane_controller.app.capsule_export import Place, export
from lane_controller.app.capsule_file import Capsule, CapsuleError, Recorded, decode, encode
from lane_controller.app.capsule_run import compare
from lane_controller.app.explain_report import explain
from lane_controller.contracts.hashes import canonical_json
from lane_controller.core.config import configure
from lane_controller.outbox.chain import link_hash
from tests.unit.core.worlds import SCENARIOS, named, run
from tests.unit.lane_shell.journals import write_journal

PLACE = Place("CM", "CM-01", 1)
TELLING = ("S04", "S42", "P01", "P02", "P03", "P06", "R06a", "R13c", "R14c", "G02", "S61", "A01", "R15b")
"""In a queue, before and after a restart, void, a violation, released, held, convoy, with own charges, abandoned."""


def passages_of(path: Path) -> list[str]:
    db = sqlite3.connect(path)
    found = [name for (name,) in db.execute("select distinct passage_id from record where passage_id is not null")]
    db.close()
    return found


def journal_of(scenario_id: str, folder: Path, mark_every: int = 40) -> Path:
    path = folder / "CM-01-e1.journal.sqlite3"
    write_journal(run(named(scenario_id)), path, mark_every)
    return path


def runs_to_the_same_bytes(path: Path, config: Any) -> int:
    found = passages_of(path)
    for passage_id in found:
        capsule = export(path, PLACE, passage_id, config)
        data = encode(capsule)
        assert decode(data) == capsule
        comparison = compare(decode(data))
        assert (passage_id, comparison.difference) == (passage_id, None)
        assert comparison.proved >= 1
        explained = explain(capsule)
        assert explained["proof"]["replay"]["ok"]
    return len(found)


@pytest.mark.parametrize("scenario_id", TELLING)
def test_every_passage_of_a_telling_scenario_comes_out_of_its_capsule(scenario_id: str, tmp_path: Path) -> None:
    assert runs_to_the_same_bytes(journal_of(scenario_id, tmp_path), configure()) >= 1


@pytest.mark.proof
def test_every_passage_of_every_scenario_comes_out_of_its_capsule(long_run: bool, tmp_path: Path) -> None:
    files = SCENARIOS if long_run else SCENARIOS[::25]
    proved = 0
    for i, file in enumerate(files):
        world = run(file)
        for mark_every in (7, 1_000):  # marks right before the vehicle, and only at the start
            path = tmp_path / f"{i}-{mark_every}" / "CM-01-e1.journal.sqlite3"
            write_journal(world, path, mark_every)
            proved += runs_to_the_same_bytes(path, world.scenario.config)
    assert proved >= len(files)
    print(f"{proved} passages of {len(files)} scenarios ran to the same bytes")  # noqa: T201 - shown by make prove


def test_the_same_capsule_is_the_same_bytes(tmp_path: Path) -> None:
    path = journal_of("S04", tmp_path)
    first, second = (encode(export(path, PLACE, "CM-01-e1-000002", configure())) for _ in range(2))
    assert first == second


def test_a_capsule_holds_nothing_of_tags_that_do_not_come_up(tmp_path: Path) -> None:
    """R13 and R15 memories of other tags are nobody's business."""
    capsule = export(journal_of("R13c", tmp_path), PLACE, "CM-01-e1-000002", configure())
    epcs = {own.epc for own in capsule.start.counts.own_charges}
    assert epcs <= {"E280116060000205ED39A801"}


def test_a_journal_without_marks_is_run_from_its_start(tmp_path: Path) -> None:
    path = journal_of("S04", tmp_path)
    db = sqlite3.connect(path)
    with db:
        db.execute("delete from input where substr(body, 1, 8) = ?", (b'{"mark":',))
    db.close()
    world = run(named("S04"))
    for passage_id in passages_of(path):
        assert compare(export(path, PLACE, passage_id, world.scenario.config)).ok
    other = replace(world.scenario.config, median_dbm=-20)
    assert not compare(export(path, PLACE, "CM-01-e1-000001", other)).ok, "the lane had another configuration then"


def test_inputs_that_the_retention_has_taken_are_said_to_be_gone(tmp_path: Path) -> None:
    path = journal_of("S04", tmp_path)
    db = sqlite3.connect(path)
    with db:
        db.execute("delete from input")
    db.close()
    with pytest.raises(CapsuleError, match="keep_inputs_days"):
        export(path, PLACE, "CM-01-e1-000001", configure())


def test_a_passage_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CapsuleError, match="no passage CM-01-e1-000099"):
        export(journal_of("S04", tmp_path), PLACE, "CM-01-e1-000099", configure())


# ---- dishonest capsules ---------------------------------------------------------------------------------------------


@pytest.fixture
def capsule(tmp_path: Path) -> Capsule:
    return export(journal_of("S04", tmp_path), PLACE, "CM-01-e1-000002", configure())


def forged(capsule: Capsule, change: dict[str, Any]) -> bytes:
    """A file of that capsule with top-level fields replaced and a digest that fits."""
    plain = {**json.loads(encode(capsule)), **change}
    content = {name: value for name, value in plain.items() if name not in ("capsule", "digest")}
    return canonical_json(plain | {"digest": hashlib.sha256(canonical_json(content)).hexdigest()})


@pytest.mark.parametrize("cut", [0, 1, 40, 3_000])
def test_a_capsule_that_was_cut_off_is_refused(capsule: Capsule, cut: int) -> None:
    with pytest.raises(CapsuleError, match="capsule"):
        decode(encode(capsule)[:cut])


def test_any_changed_byte_is_refused(capsule: Capsule) -> None:
    data = encode(capsule)
    for i in range(200, len(data), len(data) // 60):
        bent = bytearray(data)
        bent[i] ^= 1
        with pytest.raises(CapsuleError):
            decode(bytes(bent))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"capsule": 2}, "version 2"),
        ({"epoch": 0}, "field epoch"),
        ({"inputs": "none"}, "field inputs"),
        ({"inputs": [{"boot": "b", "mono_us": 1, "utc_us": 1, "event": {"type": "Nothing"}}]}, r"inputs\[0\].event"),
        ({"start": {"after_record": 0, "chain_hash": "0" * 64, "lane": {}}}, r"start.lane"),
        ({"more": 1}, "field more"),
        ({"records": [{"number": 1, "body": "{}", "hash": "x"}]}, "records.0.hash"),
    ],
)
def test_a_field_that_is_wrong_is_named(capsule: Capsule, change: dict[str, Any], told: str) -> None:
    with pytest.raises(CapsuleError, match=told):
        decode(forged(capsule, change))


def test_another_fare_is_found_when_it_is_run(capsule: Capsule) -> None:
    """Somebody who can compute every hash cannot make the inputs say it."""
    last = capsule.records[-1]
    body = last.body.replace(b'"fare_vnd":35000', b'"fare_vnd":30000')
    hash_before = capsule.records[-2].hash
    records = (*capsule.records[:-1], Recorded(last.number, body, link_hash(hash_before, body), last.message))
    comparison = compare(decode(encode(replace(capsule, records=records))))
    assert comparison.proved == len(capsule.records) - 1
    assert "passage.finding.fare_vnd: recorded 30000, computed 35000" in (comparison.difference or "")


def test_an_input_that_was_left_out_is_found_when_it_is_run(capsule: Capsule) -> None:
    different = 0
    for i in range(len(capsule.steps)):
        steps = (*capsule.steps[:i], *capsule.steps[i + 1 :])
        different += not compare(replace(capsule, steps=steps)).ok
    assert different >= 10, "edges, reads and plates matter; a timer that changes nothing may be left out"


def test_a_record_that_was_left_out_is_found(capsule: Capsule) -> None:
    assert "stands where" in (compare(replace(capsule, records=capsule.records[1:])).difference or "")
    assert "more records" in (compare(replace(capsule, records=capsule.records[:-1])).difference or "")


# ---- the commands ---------------------------------------------------------------------------------------------------


@pytest.fixture
def config(tmp_path: Path) -> Path:
    write_journal(run(named("S04")), tmp_path / "data" / "CM-01-e1.journal.sqlite3")
    file = tmp_path / "lanes.toml"
    file.write_text(
        f'plaza = "CM"\ndata_dir = "{tmp_path}/data"\nstream = "sqlite://{tmp_path}/stream.sqlite3"\n'
        '[mqtt]\nhost = "127.0.0.1"\n[[lane]]\nid = "CM-01"\n'
    )
    return file


def call(*arguments: object) -> tuple[int, str]:
    texts = [str(argument) for argument in arguments]
    command._mount(texts)
    result = CliRunner().invoke(command.app, texts)
    return result.exit_code, result.output


def test_from_the_journal_to_the_explanation(config: Path, tmp_path: Path) -> None:
    file = tmp_path / "capsule.json"
    status, text = call("verify", "--config", config)
    assert status == 0, text
    status, text = call("capsule", "CM-01-e1-000002", "--config", config, "--out", file)
    assert status == 0, text
    assert "3 records" in text or "4 records" in text
    status, text = call("replay", file)
    assert (status, text.split(":")[0]) == (0, "CM-01-e1-000002 ok")
    status, text = call("replay", "--json", file)
    assert json.loads(text)["ok"]
    status, text = call("explain", "CM-01-e1-000002", "--config", config)
    assert status == 0
    assert text.index("Lượt xe CM-01-e1-000002") < text.index("Passage CM-01-e1-000002"), "Vietnamese first"
    assert call("explain", "--capsule", file, "--json") == call(
        "explain", "CM-01-e1-000002", "--config", config, "--json"
    )


def test_an_edited_capsule_fails_with_its_reason(config: Path, tmp_path: Path) -> None:
    file = tmp_path / "capsule.json"
    call("capsule", "CM-01-e1-000002", "--config", config, "--out", file)
    file.write_bytes(file.read_bytes().replace(b"35000", b"30000"))
    status, text = call("replay", file)
    assert status == 2
    assert "damaged or edited" in text


def test_explain_without_inputs_tells_what_the_records_say(config: Path, tmp_path: Path) -> None:
    db = sqlite3.connect(tmp_path / "data" / "CM-01-e1.journal.sqlite3")
    with db:
        db.execute("delete from input")
    db.close()
    status, text = call("explain", "CM-01-e1-000002", "--config", config, "--lang", "en")
    assert status == 0
    assert "charged to a tag, 35,000 VND" in text
    assert "Not computed: its input events are not in the journal any more" in text


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("explain", "CM-01-e1-000099"), "no passage CM-01-e1-000099"),
        (("explain", "nonsense"), "is no passage id"),
        (("explain", "CM-07-e1-000001"), "no lane CM-07"),
        (("explain", "CM-01-e4-000001"), "no journal at"),
        (("explain", "CM-01-e1-000001", "--lang", "fr"), "write vi or en"),
        (("capsule", "CM-01-e1-000099", "--out", "x.json"), "no passage CM-01-e1-000099"),
        (("verify", "--against", "nowhere.jsonl"), "--against nowhere.jsonl"),
        (("verify", "--lane", "CM-09"), "no lane CM-09"),
    ],
)
def test_what_cannot_be_done_is_said(config: Path, arguments: tuple[str, ...], told: str) -> None:
    status, text = call(*arguments, "--config", config)
    assert status == 2
    assert told in text


def test_a_journal_that_was_removed_is_not_called_whole(config: Path, tmp_path: Path) -> None:
    (tmp_path / "data" / "CM-01-e1.journal.sqlite3").unlink()
    status, text = call("verify", "--config", config)
    assert status == 2
    assert "no journal at" in text
