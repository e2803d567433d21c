"""Real photographs: reports the figures, asserts the structure and floors a little below what was measured.

The photographs stay outside the repository (no licence to hand them on): ETC_PHOTOGRAPHS names their folder, or they
lie in ../shared/plates beside it.
"""

import json
import os
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from anpr.app.main import app

ROOT = Path(__file__).resolve().parents[3]
FOLDER = Path(os.environ.get("ETC_PHOTOGRAPHS", ROOT.parent / "shared" / "plates")) / "dev"
FOUR_WHEEL_FLOOR = 0.95
WEB_CAR_FLOOR = 0.9
WRONG_CEILING = 0.007

pytestmark = [
    pytest.mark.photographs,
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        not (FOLDER / "labels.jsonl").exists(),
        reason="no photographs: set ETC_PHOTOGRAPHS to a folder that holds dev/labels.jsonl and dev/images",
    ),
]


def test_photographs(capsys: pytest.CaptureFixture[str]) -> None:
    result = CliRunner().invoke(app, ["bench", str(FOLDER), "--json"])
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)
    with capsys.disabled():
        for name, row in figures.items():
            sys.stdout.write(f"\n{name:24} {row}")
    assert figures["all"]["n"] >= 300
    for row in figures.values():
        assert row["exact"] + row["wrong"] + row["no-read"] == pytest.approx(1, abs=1e-3)
        assert row["ms_median"] <= row["ms_p95"]
    assert figures["four-wheel"]["exact"] >= FOUR_WHEEL_FLOOR
    assert figures["domain web_car"]["exact"] >= WEB_CAR_FLOOR
    assert figures["all"]["wrong"] <= WRONG_CEILING
    assert figures["all"]["extra_texts"] <= 8
