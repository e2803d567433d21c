// The list of the latest passages and the dialog with everything about one of them.
// In: passages as the server gives them. Out: a table, a dialog.

import { h } from "/static/dom.js";
import { clockTime, dayTime, duration, money, percent, plate, shortEpc } from "/static/format.js";
import { evidence } from "/static/evidence.js";
import { explain } from "/static/explain.js";
import { openDialog } from "/static/dialog.js";
import { evidenceImage, flagChips, outcomeBadge, plateChip } from "/static/parts.js";
import { text } from "/static/texts.js";

const HEADS = ["passage.time", "passage.lane", "passage.plate", "passage.class", "passage.outcome", "passage.fare", "passage.flags"];

export function passageTable(passages, freshId) {
  if (!passages.length) return h("p", { class: "empty" }, text("passage.none"));
  const head = h("tr", {}, HEADS.map((key) => h("th", { scope: "col", class: key === "passage.fare" ? "number" : "" }, text(key))));
  return h("table", { class: "table" }, h("thead", {}, head), h("tbody", {}, passages.map((one) => row(one, one.passage_id === freshId))));
}

function row(passage, fresh) {
  const differs = passage.plate && passage.registered_plate && passage.plate !== passage.registered_plate;
  return h("tr", { class: fresh ? "row row--fresh" : "row", "data-passage": passage.passage_id, "data-outcome": passage.outcome },
    h("td", { class: "row__time" },
      h("button", { type: "button", class: "link", onclick: () => showPassage(passage.passage_id), "aria-label": `${text("passage.show")} ${plate(passage.plate)}` },
        h("time", { datetime: passage.passed_at_utc }, clockTime(passage.passed_at_utc)))),
    h("td", { class: "row__lane" }, passage.lane),
    h("td", { class: "row__plate" }, plateChip(passage.plate),
      differs ? h("span", { class: "row__differs" }, `≠ ${plate(passage.registered_plate)}`) : null,
      h("span", { class: "row__tag" }, passage.epc ? `${passage.provider} ${shortEpc(passage.epc)}` : text("passage.no_tag"))),
    h("td", { class: "row__class" }, passage.vehicle_class ? String(passage.vehicle_class) : "–"),
    h("td", { class: "row__outcome" }, outcomeBadge(passage.outcome)),
    h("td", { class: "number row__fare" }, passage.fare_vnd ? money(passage.fare_vnd) : "–"),
    h("td", { class: "row__flags" }, flagChips(passage.flags)));
}

export async function showPassage(passageId) {
  const answer = await fetch(`/live/passages/${encodeURIComponent(passageId)}`).catch(() => null);
  if (answer === null || !answer.ok) {
    openDialog(text("passage.detail"), h("p", {}, text("passage.not_found")));
    return;
  }
  openDialog(text("passage.detail"), detail(await answer.json()), { wide: true });
}

function detail(passage) {
  const image = evidenceImage("detail__image");
  image.update(passage.image_sha256, text("lane.image_of", { plate: plate(passage.plate), lane: passage.lane }));
  return h("div", { class: "detail" },
    h("div", { class: "detail__head" }, plateChip(passage.plate), outcomeBadge(passage.outcome), h("strong", { class: "detail__fare" }, money(passage.fare_vnd))),
    image.frame,
    h("section", { class: "detail__why" }, h("h3", {}, text("passage.why")), h("ul", {}, explain(passage).map((sentence) => h("li", {}, sentence)))),
    h("section", { class: "detail__facts" }, h("h3", {}, text("passage.facts")), h("dl", {}, facts(passage))),
    Object.keys(passage.explanation).length
      ? h("details", { class: "detail__evidence", open: true }, h("summary", {}, text("passage.evidence")), evidence(passage.explanation)) : null);
}

function facts(passage) {
  const rows = [
    ["passage.id", passage.passage_id], ["passage.lane", passage.lane], ["passage.number", `${passage.epoch} / ${passage.seq}`],
    ["passage.detected", dayTime(passage.detected_at_utc)], ["passage.passed", dayTime(passage.passed_at_utc)],
    ["passage.opened_in", passage.time_to_open_ms === null || passage.time_to_open_ms < 0 ? "" : duration(passage.time_to_open_ms)],
    ["passage.plate_read", passage.plate ? `${plate(passage.plate)} (${percent(passage.plate_confidence)})` : text("passage.plate_none")],
    ["passage.plate_registered", plate(passage.registered_plate)], ["passage.class_charged", passage.vehicle_class || ""],
    ["passage.class_measured", passage.class_measured || ""], ["passage.epc", passage.epc], ["passage.tid", passage.tid],
    ["passage.account", passage.account], ["passage.provider", passage.provider], ["passage.ticket", passage.ticket_no],
    ["passage.operator", passage.operator], ["passage.reason", passage.reason], ["passage.tariff", passage.tariff_version],
    ["passage.list", passage.list_version], ["passage.hash", passage.record_hash],
  ];
  return rows.filter(([, value]) => value !== "" && value !== null)
    .flatMap(([key, value]) => [h("dt", {}, text(key)), h("dd", {}, String(value))]);
}
