"""`settlement serve` as a process: disputes over HTTP, and the other party comparing hashes with it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from settlement.app.main import app
from settlement.books import closings
from settlement.books.corrections import corrections_of
from settlement.intake.columns import PROVIDER, STATION
from simulators.provider.faults import lost, wrong_amount
from tests.integration.settlement.back_office_tables import BackOffice
from tests.integration.settlement.closing.closed_plaza import FIRST, PROGRAM, Plaza, read_rows, write_rows

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]


def run(*line: str) -> Result:
    return CliRunner().invoke(app, line)


@contextmanager
def serving(*line: str) -> Iterator[str]:
    command = [sys.executable, "-c", PROGRAM, "serve", "--listen", "127.0.0.1:0", *line]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        ready = process.stdout.readline()
        assert ready.startswith("ready: "), process.communicate()
        yield ready.split()[1]
    finally:
        process.terminate()
        process.communicate(timeout=30)


class Served:
    """A closed day behind HTTP."""

    def __init__(self, plaza: Plaza, url: str, tokens: dict[str, str]) -> None:
        self.plaza, self.url, self.tokens = plaza, url, tokens
        self.http = httpx.Client(base_url=url, timeout=60)

    def get(self, path: str, who: str = "Lan") -> httpx.Response:
        return self.http.get(path, headers={"Authorization": f"Bearer {self.tokens[who]}"})

    def post(self, path: str, who: str, **content: Any) -> httpx.Response:
        return self.http.post(path, json=content, headers={"Authorization": f"Bearer {self.tokens[who]}"})


@pytest.fixture(scope="module")
def served(back_office: BackOffice, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    back_office.fresh()
    plaza = Plaza(back_office, tmp_path_factory.mktemp("served"))
    plaza.make_day(FIRST, passages=60, faults=0.2, kinds=(lost, wrong_amount))
    assert run(*plaza.close_line(FIRST)).exit_code == 0
    users, tokens = plaza.folder / "users.json", {}
    for name, role in (("Lan", "clerk"), ("Minh", "approver"), ("Xem", "viewer"), ("VETC", "peer")):
        tokens[name] = run("users", "new", name, "--role", role, "--users", str(users)).stdout.splitlines()[0]
    assert (users.stat().st_mode & 0o777) == 0o600
    assert not any(token in users.read_text(encoding="utf-8") for token in tokens.values())
    with serving("--database", back_office.address, "--users", str(users)) as url:
        found = Served(plaza, url, tokens)
        yield found
        found.http.close()


def test_nobody_is_answered_without_a_token(served: Served) -> None:
    for path in ("/v1/days/VETC", "/v1/disputes"):
        assert served.http.get(path).status_code == 401
        assert served.http.get(path, headers={"Authorization": "Bearer nobody"}).status_code == 401
    assert served.http.post(f"/v1/trees/VETC/{FIRST}/nodes", json={"ranges": [""]}).status_code == 401
    assert served.http.get("/health").json() == {"status": "ok"}
    assert served.get("/v1/disputes", "VETC").status_code == 403, "the other party sees hashes, not disputes"
    assert served.post(f"/v1/trees/VDTC/{FIRST}/nodes", "VETC", ranges=[""]).status_code == 403, "and its own alone"


def test_closed_days_are_read_and_no_request_changes_them(served: Served) -> None:
    (day,) = served.get("/v1/days/VETC").json()
    whole = served.get(f"/v1/days/VETC/{FIRST}?items=true").json()
    assert whole["digest"] == day["digest"]
    assert len(whole["items"]) == whole["minutes"]["item_count"]
    assert served.get("/v1/days/VETC/2026-01-01").status_code == 404
    headers = {"Authorization": f"Bearer {served.tokens['Minh']}"}
    for method in ("PUT", "POST", "PATCH", "DELETE"):
        for path in ("/v1/days/VETC", f"/v1/days/VETC/{FIRST}"):
            assert served.http.request(method, path, json={}, headers=headers).status_code == 405
    assert served.get(f"/v1/days/VETC/{FIRST}?items=true").json() == whole


def test_a_dispute_is_decided_over_http_by_two_people(served: Served) -> None:
    name = next(one["dispute_id"] for one in served.get("/v1/disputes").json() if one["code"] == "AMOUNT")
    at = f"/v1/disputes/{name}"
    assert served.post(f"{at}/assign", "Xem", owner="Xem").status_code == 403
    assert served.post(f"{at}/approve", "Minh").status_code == 409
    assert served.post(f"{at}/assign", "Lan", owner="Lan").json()["state"] == "assigned"
    refused = served.post(f"{at}/propose", "Lan", decision="gift", text="x")
    assert refused.status_code == 422
    assert "recovery" in refused.json()["detail"]
    assert served.post(f"{at}/propose", "Lan", decision="acceptance", text="x", amount_vnd=10**11).status_code == 422
    assert served.post(f"{at}/propose", "Minh", decision="refund", text="giá trạm đúng").json()["state"] == "proposed"
    assert "four eyes" in served.post(f"{at}/approve", "Minh").json()["detail"]
    assert served.post(f"{at}/approve", "Lan").status_code == 403
    assert served.post(f"{at}/reject", "Minh", text="x").status_code == 409
    assert served.post(f"{at}/withdraw", "Minh").json()["state"] == "assigned"
    assert served.post(f"{at}/propose", "Lan", decision="refund", text="giá trạm đúng").status_code == 200
    done = served.post(f"{at}/approve", "Minh").json()
    assert done["state"] == "decided"
    assert sum(leg["amount_vnd"] for leg in done["legs"]) == 0
    assert served.get(at).json()["events"][-1]["kind"] == "approve"
    assert served.get("/v1/disputes/20260615-000000000000").status_code == 404
    books = served.plaza.books()
    assert [one.dispute_id for one in corrections_of(books, "VETC", FIRST)] == [name]
    books.close()


def test_the_provider_finds_what_differs_from_the_closed_day_by_hashes(served: Served, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text(served.tokens["VETC"], encoding="utf-8")
    own = served.plaza.folder / f"provider-{FIRST}.csv"
    line = ["bisect", "--mine", str(own), "--provider", "VETC", "--day", str(FIRST), "--peer", served.url]
    line += ["--token-file", str(token), "--config", str(served.plaza.config)]
    result = run(*line)
    assert result.exit_code == 1, result.output
    books = served.plaza.books()
    day = closings.closed_day(books, "VETC", FIRST)
    books.close()
    assert day is not None
    keys = {line.split()[-1] for line in result.stdout.splitlines()[:-1]}
    assert keys == {item.key for item in day.items if item.code in ("AMOUNT", "FE_ONLY")}
    assert "hashes exchanged" in result.stdout
    assert run(*[one.replace(str(FIRST), "2026-01-01") for one in line]).exit_code == 2, "that day is not closed there"


@pytest.fixture
def two_files(tmp_path: Path, plaza: Plaza) -> tuple[Path, Path]:
    """Both files of a day without faults, then one amount changed at the provider."""
    station, provider = plaza.make_day(FIRST, passages=30, faults=0)
    rows = read_rows(provider)
    rows[3]["amount_vnd"] = "1000"
    write_rows(provider, PROVIDER, rows)
    assert read_rows(station)[0].keys() == set(STATION)
    return station, provider


def test_two_files_are_compared_by_letters(two_files: tuple[Path, Path], tmp_path: Path, plaza: Plaza) -> None:
    station, provider = two_files
    config = ["--config", str(plaza.config)]
    ask, answer = tmp_path / "ask.json", tmp_path / "answer.json"
    line = ["bisect", "--mine", str(provider), "--side", "provider", "--ask", str(ask), *config]
    letters = 0
    result = run(*line)
    while result.exit_code == 4:
        told = run(
            "bisect", "--mine", str(station), "--side", "station", "--answer", str(ask), "--out", str(answer), *config
        )
        assert told.exit_code == 0, told.output
        letters += 1
        result = run(*line, "--told", str(answer))
    assert result.exit_code == 1, result.output
    assert "1 khác" in result.stdout
    assert read_rows(provider)[3]["passage_id"] in result.stdout
    assert letters <= 3
    assert read_rows(provider)[0]["plate"] not in answer.read_text(encoding="utf-8"), "no row travels"


def test_rows_of_a_file_are_served_without_a_database(
    two_files: tuple[Path, Path], tmp_path: Path, plaza: Plaza
) -> None:
    station, provider = two_files
    users, token = tmp_path / "users.json", tmp_path / "token"
    made = run("users", "new", "trạm CM", "--role", "peer", "--users", str(users))
    token.write_text(made.stdout.splitlines()[0], encoding="utf-8")
    more = ["--config", str(plaza.config)]
    with serving("--rows", str(provider), "--side", "provider", "--users", str(users), *more) as url:
        line = ["bisect", "--mine", str(station), "--side", "station", "--provider", "VETC", "--day", str(FIRST)]
        result = run(*line, "--peer", url, "--token-file", str(token), *more)
        assert httpx.get(f"{url}v1/days/VETC").status_code == 404
    assert result.exit_code == 1, result.output
    assert "1 khác" in result.stdout


def test_users_files_that_are_none_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "users.json"
    for content in (
        "",
        "[]",
        '{"users": [{"name": "A"}]}',
        '{"users": [{"name": "A", "role": "king", "token_sha256": ""}]}',
    ):
        path.write_text(content, encoding="utf-8")
        result = run("serve", "--rows", str(path), "--users", str(path))
        assert result.exit_code == 2
