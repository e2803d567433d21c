"""The live page in a real browser: what staff see, and what they can do."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from backoffice.storage.live_view import AccountView, Alarm
from lane_controller.contracts.v1 import DeviceStatusV1
from lane_controller.contracts.values import Outcome
from tests.e2e.web.memory_live_view import EPC, MemoryLiveView, lane, passage
from tests.e2e.web.page_server import PageServer

pytestmark = [pytest.mark.e2e, pytest.mark.browser]

HELD: dict[str, Any] = {
    "held_passage_id": "CM-02-e1-000007",
    "held_reason": "R2, NO_TAG",
    "held_plate": "30E12077",
}
SCRIPT = "<script>window.stolen=1</script><img src=x onerror=window.stolen=1>"


def test_every_lane_has_a_tile_with_state_signal_and_barrier(page: Page) -> None:
    assert page.locator(".tile h3").all_inner_texts() == ["CM-01", "CM-02", "CM-03", "CM-04"]
    first = page.locator("[data-lane=CM-01]")
    expect(first.locator(".state")).to_have_text("Tự động")
    expect(first.locator(".tile__words")).to_contain_text("Đèn đỏ")
    expect(first.locator(".tile__barrier")).to_have_text("Barrier đóng")
    expect(first.locator(".device")).to_have_count(5)


def test_a_change_in_a_lane_arrives_without_a_reload(page: Page, server: PageServer, live: MemoryLiveView) -> None:
    page.evaluate("window.stillTheSamePage = true")
    changed = lane(
        "CM-02", signal="green", barrier="open", display_code="FARE", display_lines=("20A-123.45", "35.000đ")
    )
    server.tell(lambda: live.put_lane(changed))
    tile = page.locator("[data-lane=CM-02]")
    expect(tile.locator(".tile__barrier")).to_have_text("Barrier mở")
    expect(tile.locator(".led")).to_contain_text("35.000đ")
    assert page.evaluate("window.stillTheSamePage")


def test_a_passage_arrives_in_tile_list_and_totals(
    page: Page, server: PageServer, live: MemoryLiveView, tmp_path: Path
) -> None:
    image = io.BytesIO()
    Image.new("RGB", (64, 48), "navy").save(image, "JPEG")
    digest = live.put_evidence(tmp_path, image.getvalue())
    moment = datetime(2026, 3, 2, 17, 30, 5, tzinfo=UTC)
    one = passage(
        "CM-03", 1, image_sha256=digest, passed_at_utc=moment, flags=("PLATE_DOUBT",), registered_plate="20A12346"
    )
    server.tell(lambda: live.put_passage(one))
    row = page.locator("[data-passage=CM-03-e1-000001]")
    expect(row).to_contain_text("00:30:05")  # Asia/Ho_Chi_Minh, whatever the browser's own zone is
    expect(row).to_contain_text("20A-123.45")
    expect(row).to_contain_text("≠ 20A-123.46")
    expect(row).to_contain_text("35.000 đ")
    expect(row).to_contain_text("Biển số chưa chắc chắn")
    tile = page.locator("[data-lane=CM-03]")
    expect(tile.locator(".last")).to_contain_text("Đã trừ tiền")
    expect(tile.locator(".last")).to_contain_text("14 ms")
    expect(tile.locator("img.shot__picture")).to_be_visible()
    expect(page.locator(".figure--money")).to_contain_text("35.000 đ")


def test_the_language_switches_everywhere_and_is_remembered(
    page: Page, server: PageServer, live: MemoryLiveView
) -> None:
    server.tell(lambda: live.put_passage(passage("CM-01", 1)))
    page.get_by_role("button", name="English").click()
    expect(page.locator("[data-lane=CM-01] .tile__barrier")).to_have_text("Barrier closed")
    expect(page.get_by_role("heading", name="Latest passages")).to_be_visible()
    expect(page.locator("[data-passage] .badge")).to_have_text("Charged")
    assert page.locator("html").get_attribute("lang") == "en"
    page.reload()
    expect(page.locator("[data-lane=CM-01] .state")).to_have_text("Automatic")
    page.get_by_role("button", name="Tiếng Việt").click()
    expect(page.get_by_role("heading", name="Lượt xe gần nhất")).to_be_visible()


def test_markup_in_what_people_and_plates_say_is_shown_as_text(
    page: Page, server: PageServer, live: MemoryLiveView
) -> None:
    hostile = passage(
        "CM-01", 1, outcome="manual", plate=SCRIPT, registered_plate="", operator=SCRIPT, reason=SCRIPT,
        flags=(SCRIPT,), explanation={SCRIPT: [SCRIPT, {"deep": SCRIPT}]},
    )  # fmt: skip
    held = lane(
        "CM-01", held_passage_id="CM-01-e1-000002", held_reason=SCRIPT, held_plate=SCRIPT, operator=SCRIPT,
        display_lines=(SCRIPT,), devices=(DeviceStatusV1(name="reader", state="lost", detail=SCRIPT),),
    )  # fmt: skip
    live.open_alarms = [Alarm("x", SCRIPT, "critical", SCRIPT, SCRIPT, datetime.now(UTC), "CM-01")]
    live.accounts = [AccountView("VETC-1", "VETC", SCRIPT, 1_000, ({"plate": SCRIPT, "epc": SCRIPT},))]
    server.tell(lambda: live.put_lane(replace(held, last_passage=hostile)))
    server.tell(lambda: live.put_passage(hostile))
    page.reload()
    expect(page.locator("[data-passage] .plate")).to_contain_text("<script>")
    expect(page.locator("[data-lane=CM-01] .held")).to_contain_text("<script>")
    expect(page.locator(".alarm")).to_contain_text("<script>")
    page.locator("#search-text").fill("VETC-1")
    page.locator("#search").get_by_role("button").click()
    expect(page.locator(".account")).to_contain_text("<script>")
    page.locator("[data-passage] .link").click()
    expect(page.locator(".detail__why")).to_contain_text("<script>")
    expect(page.locator(".detail__evidence")).to_contain_text("<script>")
    assert page.evaluate("window.stolen") is None
    assert page.locator("main script, main img[src=x], dialog script, dialog img[src=x]").count() == 0


def test_a_lost_connection_is_said_and_ends_by_itself(page: Page, server: PageServer, live: MemoryLiveView) -> None:
    server.stop()
    expect(page.locator("#banner")).to_be_visible(timeout=15_000)
    expect(page.locator("#banner")).to_contain_text("Mất kết nối")
    expect(page.locator("#clock")).to_have_text("--:--:--")
    live.put_lane(lane("CM-04", barrier="open", signal="green"))
    server.start()
    expect(page.locator("#banner")).to_be_hidden(timeout=20_000)
    expect(page.locator("[data-lane=CM-04] .tile__barrier")).to_have_text("Barrier mở")


def test_a_silent_lane_is_never_shown_as_fresh(page: Page, server: PageServer, live: MemoryLiveView) -> None:
    server.tell(lambda: live.put_lane(lane("CM-02", stale=True)))
    tile = page.locator("[data-lane=CM-02]")
    expect(tile.locator(".tile__stale")).to_contain_text("2 phút")
    assert "tile--stale" in (tile.get_attribute("class") or "")


def test_a_held_vehicle_is_released_after_login_reason_and_confirmation(
    page: Page, server: PageServer, live: MemoryLiveView
) -> None:
    server.tell(lambda: live.put_lane(lane("CM-02", **HELD)))
    tile = page.locator("[data-lane=CM-02]")
    expect(tile.locator(".held")).to_contain_text("Đang giữ xe: Không đọc được thẻ")
    tile.get_by_role("button", name="Cho xe qua").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Tên nhân viên").fill("Lan")
    dialog.get_by_role("button", name="Xác nhận").click()
    expect(dialog.get_by_label("Lý do (bắt buộc)")).to_be_focused()
    dialog.get_by_role("button", name="Xác nhận").click()
    assert [command.kind for command in live.commands] == ["login"], "no release without a reason"
    dialog.get_by_role("button", name="Đã thu tiền mặt tại làn").click()
    dialog.get_by_label("Loại 2").check()
    dialog.get_by_role("button", name="Xác nhận").click()
    expect(page.locator(".toast--good")).to_have_count(2)
    login, release = live.commands
    assert (login.kind, login.operator, login.lane) == ("login", "Lan", "CM-02")
    assert (release.kind, release.operator, release.passage_id) == ("release", "Lan", "CM-02-e1-000007")
    assert (release.reason, release.vehicle_class) == ("Đã thu tiền mặt tại làn", 2)


def test_a_refusal_of_the_lane_is_shown(page: Page, live: MemoryLiveView) -> None:
    live.answer_with = ("refused", "nobody is held")
    page.locator("[data-lane=CM-01]").get_by_role("button", name="Chế độ làn").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Đoàn xe: mở barrier").check()
    dialog.get_by_label("Tên nhân viên").fill("Lan")
    dialog.get_by_label("Lý do (bắt buộc)").fill("Xe cứu hỏa đi qua")
    dialog.get_by_role("button", name="Xác nhận").click()
    expect(page.locator(".toast--bad")).to_contain_text("nobody is held")
    assert live.commands[0].mode == "CONVOY"


def test_details_explain_a_charge_in_plain_words(page: Page, server: PageServer, live: MemoryLiveView) -> None:
    server.tell(lambda: live.put_passage(passage("CM-01", 1)))
    page.locator("[data-passage] .link").click()
    why = page.locator(".detail__why")
    expect(why).to_contain_text(f"Thẻ {EPC} của VETC")
    expect(why).to_contain_text("trừ 35.000 đ")
    expect(why).to_contain_text("trùng với biển đăng ký")
    evidence = page.locator(".detail__evidence")
    expect(evidence.locator("[data-stage=decided]")).to_contain_text("+401 ms")
    expect(evidence.locator("[data-stage=first_read]")).to_contain_text("−1,1 giây")
    expect(evidence).to_contain_text("42 lần đọc")
    expect(evidence).to_contain_text("R3: Tính tiền theo loại xe đăng ký.")
    expect(evidence).to_contain_text("balance below 35000")
    expect(evidence).to_contain_text("entry_version")
    expect(evidence.locator(".signals__on")).to_have_count(2)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()


NAMELESS = """() => [...document.querySelectorAll('button, input, select, textarea')].filter((one) =>
  one.checkVisibility() && !one.textContent.trim() && !one.getAttribute('aria-label') && !one.labels?.length).length"""


def test_the_page_works_by_keyboard_and_names_its_controls(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#lanes")).to_be_focused()
    nameless = page.evaluate(NAMELESS)
    assert nameless == 0


CONTRAST = """() => {
  const parse = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const poor = [];
  for (const node of document.querySelectorAll('body *')) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
    if (!own || !node.checkVisibility() || node.closest('.visually-hidden, .skip, noscript, svg')) continue;
    const [a, b] = [light(parse(getComputedStyle(node).color)), light(ground(node))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) poor.push(`${node.className || node.tagName} ${ratio.toFixed(2)}`);
  }
  return poor;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_enough_contrast(page: Page, live: MemoryLiveView, scheme: str) -> None:
    """WCAG 2.2, success criterion 1.4.3: at least 4.5 : 1."""
    for number, outcome in enumerate(Outcome, start=1):
        live.put_passage(passage("CM-01", number, outcome=outcome.value, flags=("NO_TAG", "TAILGATE")))
    lost = (DeviceStatusV1(name="reader", state="lost"), DeviceStatusV1(name="plc", state="unknown"))
    for name, state in {"CM-01": "FAULT", "CM-02": "CONVOY", "CM-03": "DEGRADED", "CM-04": "CLOSED"}.items():
        live.put_lane(lane(name, state=state, display_code=state, outbox_waiting=3, devices=lost, **HELD))
    live.open_alarms = [
        Alarm("x", "X", "critical", "a", "a", datetime.now(UTC)),
        Alarm("y", "Y", "warning", "b", "b", datetime.now(UTC)),
    ]
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.reload()
    page.wait_for_selector("[data-passage]")
    assert page.evaluate(CONTRAST) == []


@pytest.mark.parametrize(("width", "height"), [(360, 740), (1920, 1080), (3840, 2160)])
def test_nothing_runs_off_the_screen(
    page: Page, server: PageServer, live: MemoryLiveView, width: int, height: int
) -> None:
    server.tell(lambda: live.put_passage(passage("CM-01", 1, flags=("PLATE_DOUBT", "CLASS_MISMATCH"))))
    page.set_viewport_size({"width": width, "height": height})
    page.wait_for_selector("[data-passage]")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
