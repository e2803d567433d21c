"""A process that writes the journal is killed at random points: all that it announced is there, the chain is whole."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lane_controller.outbox.journal import Journal, JournalReader
from lane_controller.outbox.verify import verify_journal

WRITER = """
import sys
from pathlib import Path
from lane_controller.outbox.journal import Batch, Entry, Input, Journal

journal = Journal(Path(sys.argv[1]), "CM", "CM-01", 1)
while True:
    seq = journal.heads[1] + 1
    passage_id = f"CM-01-e1-{seq:06d}"
    message = {"seq": seq, "passage_id": passage_id, "outcome": "charged", "fare_vnd": 35000}
    body = {"type": "PassageClosed", "passage": {"passage_id": passage_id, "seq": seq}}
    flag = Entry("2026-06-15", "FlagRaised", {"type": "FlagRaised", "n": seq})
    inputs = [Input("2026-06-15", seq, b"{}", ("boot", seq))]
    journal.commit(Batch(inputs, [flag, Entry("2026-06-15", "PassageClosed", body, passage_id, message)]))
    if seq % 50 == 0:
        journal.checkpoint()
    print(seq, flush=True)
"""


@pytest.mark.integration
def test_kill_9_loses_nothing_that_was_announced(tmp_path: Path) -> None:
    path = tmp_path / "CM-01-e1.journal.sqlite3"
    chance = random.Random(15)
    announced = 0
    for _ in range(8):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            first = writer.stdout.readline()
            assert int(first) >= announced + 1
            time.sleep(chance.uniform(0.0, 0.3))
            writer.kill()
            said = [first, *writer.stdout.readlines()]
        announced = max(int(line) for line in said if line.endswith("\n"))
        report = verify_journal(path)
        assert report.findings == ()
        assert report.passages >= announced
    journal = Journal(path, "CM", "CM-01", 1)
    number, seq, _ = journal.heads
    assert number == 2 * seq
    assert journal.position == ("boot", seq)
    journal.close()
    reader = JournalReader(path)
    assert [passage.seq for passage in reader.passages()] == list(range(1, seq + 1))
    reader.close()
