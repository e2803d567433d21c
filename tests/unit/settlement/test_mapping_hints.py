"""What `mapping try` advises, written into a mapping, makes the file readable."""

import tomllib
from pathlib import Path

import pytest

from settlement.app.mapping_hints import hints, skeleton
from settlement.app.mapping_trial import try_mapping
from settlement.intake import configuration, mapping
from settlement.intake.columns import Side
from settlement.intake.problems import UnusableInputError
from settlement.intake.rejects import Reject

HEADER = "Mã;passage_id;Lúc;lane;epc;plate;class;kind;Tiền;ticket_no;status;related_charge_id;reason"
ROW = "T1;P1;15/06/2026 05:12:08;CM-01;E1;20A1;1;Trừ;35.000đ;;Xong;;"


def tried(folder: Path, lines: list[str]) -> tuple[int, list[str]]:
    """Exit status and what is said of the file under a mapping of these lines."""
    (folder / "charges.csv").write_text(f"{HEADER}\n{ROW}\n", encoding="utf-8")
    (folder / "mine.toml").write_text("\n".join(lines), encoding="utf-8")
    mine = mapping.load(str(folder / "mine.toml"))
    return try_mapping(folder / "charges.csv", Side.PROVIDER, mine, configuration.demonstration())


def filled(lines: list[str]) -> list[str]:
    """The skeleton as a person would fill it in: what the file has, and two constants for what it lacks."""
    heading = {"charge_id": "Mã", "charged_at": "Lúc", "amount_vnd": "Tiền"}
    kept = [line for line in lines if not line.endswith('= "…"') or line.split(" ")[0] in heading]
    kept = [line.replace("…", heading.get(line.split(" ")[0], "x")) for line in kept]
    return [*kept, 'plaza = "CM"', 'provider = "VETC"']


def test_a_skeleton_and_the_advice_lead_to_a_mapping_that_reads(tmp_path: Path) -> None:
    first = filled(list(skeleton(HEADER.split(";"), Side.PROVIDER, "charges")))
    status, said = tried(tmp_path, first)
    assert status == 3
    advice = said[said.index("Có thể thêm vào mapping / what may help in the mapping (.toml):") + 2 :]
    assert advice[0].startswith("[provider.times.charged_at]")
    second = first + advice
    status, said = tried(tmp_path, second)
    advice = said[said.index("Có thể thêm vào mapping / what may help in the mapping (.toml):") + 2 :]
    assert advice == ["[provider.codes.kind]", '"Trừ" = "…"    # debit | credit']
    third = [*second, advice[0], '"Trừ" = "debit"', "[provider.remove]", 'amount_vnd = [".", "đ"]']
    third += ["[provider.codes.status]", '"Xong" = "posted"']
    assert tried(tmp_path, third)[0] == 0


def test_a_header_that_does_not_fit_gets_a_mapping_to_begin_with(tmp_path: Path) -> None:
    with pytest.raises(UnusableInputError, match="a mapping to begin with") as caught:
        tried(tmp_path, ['name = "mine"', 'description = "x"'])
    toml = str(caught.value).partition("(.toml):")[2]
    assert tomllib.loads(toml)["provider"]["columns"].keys() == {
        "charge_id", "charged_at", "plaza", "amount_vnd", "provider",
    }  # fmt: skip


def test_words_with_quotes_stay_toml() -> None:
    rejects = [Reject("f", 2, "status", '“a"b\\”: not one of posted rejected pending')]
    table = tomllib.loads("\n".join(hints(rejects, Side.PROVIDER)))
    assert table["provider"]["codes"]["status"] == {'a"b\\': "…"}
