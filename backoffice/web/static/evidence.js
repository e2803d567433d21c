// The lane's explanation of a passage made readable: stages, tags that were heard, rules, sensor signals.
// In: the explanation as the lane recorded it. Out: elements. Parts that this page does not know are shown as they are;
// a part of an unexpected shape is shown as it is too, never left out.

import { h, svg } from "/static/dom.js";
import { duration } from "/static/format.js";
import { text, word } from "/static/texts.js";

const SENSORS = ["L1", "LC1", "L2", "LC2", "L3"];
const WIDTH = 640;
const ROW = 26;
const LABEL = 44;
const BEFORE_US = 2_000_000;

export function evidence(explanation) {
  const { rules, candidates, times, trace, would_change: change, ...rest } = explanation;
  const origin = times?.l1_on?.mono_us ?? null;
  const ruleText = (rule) => (word("rule", rule) === String(rule) ? rule : `${rule}: ${word("rule", rule)}`);
  const shown = {
    times: stages(times, origin),
    trace: signals(trace, times, origin),
    candidates: tags(candidates),
    rules: list("evidence.rules", rules, ruleText),
    would_change: list("evidence.change", change, String),
  };
  for (const [name, part] of Object.entries(shown)) {
    if (part === null && !isEmpty(explanation[name])) rest[name] = explanation[name];
  }
  const others = isEmpty(rest) ? null : section("evidence.rest", tree(rest));
  return [...Object.values(shown), others].filter(Boolean);
}

const isEmpty = (value) => value === undefined || value === null || (typeof value === "object" && !Object.keys(value).length);

function section(key, ...children) {
  return h("section", { class: "evidence__part" }, h("h4", {}, text(key)), children);
}

function list(key, values, say) {
  if (!Array.isArray(values) || !values.length || values.some((one) => one !== null && typeof one === "object")) return null;
  return section(key, h("ul", {}, values.map((one) => h("li", {}, say(one)))));
}

function stages(times, origin) {
  if (origin === null || typeof times !== "object") return null;
  const reached = Object.entries(times).filter(([, at]) => Number.isFinite(at?.mono_us)).sort((a, b) => a[1].mono_us - b[1].mono_us);
  return section("evidence.stages", h("ol", { class: "stages" }, reached.map(([name, at]) => h("li", { class: "stages__one", "data-stage": name },
    h("span", { class: "stages__when" }, signed((at.mono_us - origin) / 1000)), h("span", {}, word("stage", name))))));
}

const signed = (ms) => (ms === 0 ? "0" : `${ms < 0 ? "−" : "+"}${duration(Math.abs(ms))}`);

function tags(candidates) {
  if (!Array.isArray(candidates) || !candidates.length || !candidates.every((one) => typeof one?.epc === "string")) return null;
  return section("evidence.tags", h("ul", {}, candidates.map((one) => h("li", {}, h("code", {}, one.epc),
    ` · ${text("evidence.reads", { n: one.reads ?? "–" })} · ${one.median_rssi_dbm ?? "–"} dBm · ${word("verdict", one.verdict ?? "–")}`))));
}

// Levels of the sensors as bars over time, with lines for arrival, decision and the open barrier.
function signals(trace, times, origin) {
  if (origin === null || !Array.isArray(trace) || !trace.length || !trace.every((edge) => SENSORS.includes(edge?.sensor))) return null;
  const begin = origin - BEFORE_US;
  const end = Math.max(...trace.map((edge) => edge.mono_us), times?.l3_on?.mono_us ?? origin) + 500_000;
  const x = (us) => LABEL + ((Math.min(end, Math.max(begin, us)) - begin) / (end - begin)) * (WIDTH - LABEL);
  const rows = SENSORS.filter((sensor) => trace.some((edge) => edge.sensor === sensor));
  const height = rows.length * ROW + 4;
  const marks = [["l1_on", "arrival"], ["decided", "decided"], ["open_confirmed", "open"]].filter(([name]) => times?.[name])
    .map(([name, kind]) => svg("line", { x1: x(times[name].mono_us), x2: x(times[name].mono_us), y1: 0, y2: height, class: `signals__mark signals__mark--${kind}` },
      svg("title", {}, word("stage", name))));
  const label = text("evidence.trace_of", { sensors: rows.join(", "), time: duration((end - begin) / 1000) });
  return section("evidence.trace", svg("svg", { class: "signals", viewBox: `0 0 ${WIDTH} ${height}`, role: "img", "aria-label": label },
    rows.map((sensor, row) => [
      svg("text", { x: 0, y: row * ROW + 18, class: "signals__name" }, sensor),
      svg("line", { x1: LABEL, x2: WIDTH, y1: row * ROW + 20, y2: row * ROW + 20, class: "signals__base" }),
      spans(trace.filter((edge) => edge.sensor === sensor), begin, end).map(([from, to]) =>
        svg("rect", { x: x(from), y: row * ROW + 6, width: Math.max(1, x(to) - x(from)), height: 14, rx: 2, class: "signals__on" })),
    ]).flat(2), marks));
}

function spans(edges, begin, end) {
  const found = [];
  let since = edges.length && !edges[0].on ? begin : null;
  for (const edge of edges) {
    if (edge.on && since === null) since = edge.mono_us;
    if (!edge.on && since !== null) {
      if (edge.mono_us > begin) found.push([since, edge.mono_us]);
      since = null;
    }
  }
  if (since !== null) found.push([since, end]);
  return found;
}

// Any JSON as nested lists; the lane's explanation may gain parts that this page does not know.
export function tree(value) {
  if (value === null || typeof value !== "object") return h("span", { class: "tree__value" }, String(value));
  if (Array.isArray(value)) {
    if (value.every((one) => one === null || typeof one !== "object")) return h("span", { class: "tree__value" }, value.join(", ") || "–");
    return h("ol", { class: "tree" }, value.map((one) => h("li", {}, tree(one))));
  }
  return h("dl", { class: "tree" }, Object.entries(value).flatMap(([key, one]) => [h("dt", {}, key), h("dd", {}, tree(one))]));
}
