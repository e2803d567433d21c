"""`settlement close` on the embedded server: what closes a day, what keeps it open, what never happens twice."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from settlement.app.main import app
from settlement.books import closings
from settlement.clearing.signing import holds
from settlement.intake.columns import PROVIDER
from tests.integration.settlement.closing.closed_plaza import FIRST, Plaza, read_rows, write_rows

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
NEXT = FIRST + timedelta(days=1)


def run(*line: str) -> Result:
    return CliRunner().invoke(app, line)


def closed(plaza: Plaza, *line: str) -> str:
    result = run(*line)
    assert result.exit_code == 0, result.output
    return result.output


def refused(*line: str) -> str:
    result = run(*line)
    assert result.exit_code == 1, result.output
    return result.output


def test_a_day_is_closed_with_both_signatures(plaza: Plaza) -> None:
    plaza.make_day(FIRST)
    out = closed(plaza, *plaza.close_line(FIRST))
    books = plaza.books()
    day = closings.closed_day(books, "VETC", FIRST)
    assert day is not None
    assert "đã chốt" in out
    assert day.minutes.digest in out
    assert len(day.items) == day.minutes.item_count > 40
    assert day.minutes.agreed_vnd == sum(item.agreed_vnd for item in day.items) > 0
    assert day.minutes.disputed_vnd > 0
    assert holds(day.minutes, "operator", plaza.operator_public, day.operator_signature)
    assert holds(day.minutes, "provider", plaza.provider_public, day.provider_signature)
    assert {(run.lane, run.seals) for run in day.minutes.seals} == {(f"CM-0{n}", 1) for n in range(1, 5)}
    assert [found.day for found in closings.closed_days(books, "VETC", FIRST, NEXT)] == [FIRST]
    books.close()


def test_the_lanes_own_passages_serve_in_place_of_a_station_file(plaza: Plaza) -> None:
    plaza.make_day(FIRST)
    line = plaza.close_line(FIRST)
    at = line.index("--station")
    closed(plaza, *line[:at], *line[at + 2 :])
    books = plaza.books()
    day = closings.closed_day(books, "VETC", FIRST)
    books.close()
    assert day is not None
    assert day.minutes.sources[0].name == "passages VETC"
    assert day.minutes.agreed_vnd > 0
    assert day.minutes.item_count > 40


def test_a_closed_day_cannot_be_closed_again(plaza: Plaza) -> None:
    plaza.make_day(FIRST)
    closed(plaza, *plaza.close_line(FIRST))
    assert "never changes" in refused(*plaza.close_line(FIRST))


def test_days_are_closed_one_after_the_other_and_each_names_the_one_before(plaza: Plaza) -> None:
    plaza.make_day(FIRST)
    plaza.make_day(NEXT, seed=2)
    plaza.make_day(NEXT + timedelta(days=1), seed=3)
    closed(plaza, *plaza.close_line(FIRST))
    assert f"next day to close of VETC is {NEXT}" in refused(*plaza.close_line(NEXT + timedelta(days=1)))
    closed(plaza, *plaza.close_line(NEXT))
    books = plaza.books()
    first, second = closings.closed_days(books, "VETC", FIRST, NEXT)
    books.close()
    assert first.minutes.previous == ""
    assert second.minutes.previous == first.minutes.digest


def test_the_provider_signs_at_its_own_place(plaza: Plaza, tmp_path: Path) -> None:
    _, charges = plaza.make_day(FIRST)
    out = closed(plaza, *plaza.close_line(FIRST, both=False))
    assert "waits for the provider" in out
    books = plaza.books()
    assert closings.closing_of(books, "VETC", FIRST) is None
    signing = ["countersign", str(plaza.minutes(FIRST)), "--key", str(plaza.provider_key)]
    signing += ["--config", str(plaza.config), "--charges", str(charges), "--out", str(tmp_path / "signed")]
    closed(plaza, *signing)
    signed = tmp_path / "signed" / plaza.minutes(FIRST).name
    finish = ["close", str(FIRST), *plaza.usual(), "--countersigned", str(signed), "--out", str(tmp_path)]
    closed(plaza, *finish)
    day = closings.closed_day(books, "VETC", FIRST)
    books.close()
    assert day is not None
    assert len(day.items) == day.minutes.item_count, "items written twice under one run stand once"
    assert "never changes" in refused(*finish)


def test_the_provider_does_not_sign_what_its_own_rows_do_not_give(plaza: Plaza, tmp_path: Path) -> None:
    _, charges = plaza.make_day(FIRST, faults=0)
    closed(plaza, *plaza.close_line(FIRST, both=False))
    rows = read_rows(charges)
    changed = next(row for row in rows if row["amount_vnd"] != "0")
    changed["amount_vnd"] = "1000"
    own = tmp_path / "own.csv"
    write_rows(own, PROVIDER, rows)
    signing = ["countersign", str(plaza.minutes(FIRST)), "--key", str(plaza.provider_key)]
    said = refused(*signing, "--config", str(plaza.config), "--charges", str(own))
    assert "joint root" in said
    assert changed["passage_id"] in said
    assert sum("your row has another amount" in line for line in said.splitlines()) == 1


def _alter(path: Path, change: Any) -> Path:
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    other = path.with_name("altered.json")
    other.write_text(json.dumps(content), encoding="utf-8")
    return other


ALTERATIONS: dict[str, Callable[[Any], object]] = {
    "an item": lambda c: c["items"][0].__setitem__(c["item_fields"].index("disputed_vnd"), 7),
    "the net payable": lambda c: c["minutes"].__setitem__("net_vnd", 1),
    "an item left out": lambda c: c["items"].pop(),
    "the operator's key": lambda c: c["minutes"].__setitem__("operator_key", "ab" * 32),
    "the signature": lambda c: c["signatures"].__setitem__("operator", "00" * 64),
}


def test_altered_minutes_are_neither_signed_nor_closed(plaza: Plaza) -> None:
    plaza.make_day(FIRST, passages=12)
    closed(plaza, *plaza.close_line(FIRST, both=False))
    for change in ALTERATIONS.values():
        altered = _alter(plaza.minutes(FIRST), change)
        refused("countersign", str(altered), "--key", str(plaza.provider_key), "--config", str(plaza.config))
        refused("close", str(FIRST), *plaza.usual(), "--countersigned", str(altered))
    books = plaza.books()
    assert closings.closing_of(books, "VETC", FIRST) is None
    books.close()


def test_a_hole_in_the_numbering_keeps_the_day_open_until_a_person_accepts_it(plaza: Plaza) -> None:
    plaza.make_day(FIRST)
    plaza.back_office.ask("alter table passages delete where lane = 'CM-01' and seq = 2 settings mutations_sync = 2")
    said = refused(*plaza.close_line(FIRST))
    assert "lane CM-01 epoch 1: passages 2 to 2 are missing" in said
    assert "never" not in said
    assert "--accept-incomplete" in refused(*plaza.close_line(FIRST, "--accept-incomplete", "lost"))
    closed(plaza, *plaza.close_line(FIRST, "--accept-incomplete", "đầu đọc hỏng", "--by", "Lan"))
    books = plaza.books()
    day = closings.closed_day(books, "VETC", FIRST)
    books.close()
    assert day is not None
    (accepted,) = day.minutes.accepted
    assert (accepted.kind, accepted.reason, accepted.by) == ("station incomplete", "đầu đọc hỏng", "Lan")
    assert any("passages 2 to 2 are missing" in line for line in accepted.findings)


def test_unsealed_passages_and_silent_lanes_keep_the_day_open(plaza: Plaza) -> None:
    plaza.make_day(FIRST)
    plaza.back_office.ask("truncate table seals")
    said = refused(*plaza.close_line(FIRST))
    assert "lane CM-02 epoch 1: passages 1 to" in said
    assert "are not vouched for by a good seal" in said
    assert "lane CM-02: no good seal made after the end of the day" in said


def test_a_bad_seal_keeps_the_day_open(plaza: Plaza) -> None:
    plaza.make_day(FIRST)
    plaza.seal(FIRST, {"CM-03": (1, 3)}, verdict="mismatch")
    assert "lane CM-03 epoch 1: the seal over 1 to 3 is mismatch" in refused(*plaza.close_line(FIRST))


def test_a_ledger_that_does_not_balance_keeps_the_day_open(plaza: Plaza) -> None:
    plaza.make_day(FIRST)
    plaza.back_office.ask(
        "alter table postings delete where posting_id like '%/payable' and plaza = 'CM' and posting_id in"
        " (select max(posting_id) from postings) settings mutations_sync = 2"
    )
    assert "fare and booked amount differ" in refused(*plaza.close_line(FIRST))


def test_rejected_rows_need_a_decision(plaza: Plaza) -> None:
    _, charges = plaza.make_day(FIRST)
    rows = read_rows(charges)
    rows[0]["amount_vnd"] = "12.5"
    write_rows(charges, PROVIDER, rows)
    said = refused(*plaza.close_line(FIRST))
    assert f"provider-{FIRST}.csv line 2 amount_vnd" in said
    closed(plaza, *plaza.close_line(FIRST, "--accept-rejected", "sẽ gửi lại", "--by", "Lan"))


def test_a_plaza_that_the_back_office_does_not_know_is_not_complete(plaza: Plaza) -> None:
    plaza.make_day(FIRST)
    plaza.write_config(plazas=["CM", "BD"])
    assert "plaza BD: the back office knows no lane of it" in refused(*plaza.close_line(FIRST))


def test_keys_must_be_registered_and_private(plaza: Plaza) -> None:
    plaza.make_day(FIRST)
    plaza.write_config(keys={"operator": "ab" * 32, "providers": {"VETC": plaza.provider_public}})
    result = run(*plaza.close_line(FIRST))
    assert result.exit_code == 2
    assert plaza.operator_public in result.output, "the remedy shows what to register"
    plaza.write_config()
    plaza.operator_key.chmod(0o644)
    assert "chmod 600" in run(*plaza.close_line(FIRST)).output
    assert run("keys", "new", str(plaza.operator_key)).exit_code == 2, "a key is never overwritten"


def test_a_day_that_has_not_ended_cannot_be_closed(plaza: Plaza) -> None:
    plaza.make_day(FIRST)
    line = [one.replace(str(FIRST), "2099-01-01") if one == str(FIRST) else one for one in plaza.close_line(FIRST)]
    assert "close it after that" in refused(*line)
