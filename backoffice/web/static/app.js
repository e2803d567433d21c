// The live page: holds the newest picture, gives each part what it shows, and says when the picture is no longer fresh.
// In: events of the live connection, clicks. Out: the page. Ages are measured against the server's clock, never the
// browser's, which may be wrong.

import { connect } from "/static/connection.js";
import { byId, h, setText, show } from "/static/dom.js";
import { clockTime, dayTime } from "/static/format.js";
import { askLogin, askMode, askRelease } from "/static/operator.js";
import { passageTable, showPassage } from "/static/passages.js";
import { searchAccounts, showAlarms, showTotals } from "/static/summary.js";
import { chooseLanguage, loadTexts, text, translatePage } from "/static/texts.js";
import { LaneTile } from "/static/tile.js";

const KEPT = 60;
const picture = { lanes: new Map(), passages: [], alarms: [], totals: null, completeness: [] };
const tiles = new Map();
const actions = { release: askRelease, login: (view) => askLogin(view), mode: askMode, detail: showPassage };
let connection = "connecting";
let serverTime = null; // { at: ms of the server, heard: ms of performance.now() }
let freshId = null;

const serverNow = () => (serverTime === null ? null : serverTime.at + performance.now() - serverTime.heard);

function heard(nowUtc) {
  serverTime = { at: Date.parse(nowUtc), heard: performance.now() };
}

function keepLanes(lanes) {
  for (const lane of lanes) picture.lanes.set(lane.lane, lane);
}

function keepPassage(passage) {
  picture.passages = [passage, ...picture.passages.filter((one) => one.passage_id !== passage.passage_id)].slice(0, KEPT);
  freshId = passage.passage_id;
}

const takers = {
  snapshot(body) {
    picture.lanes = new Map(body.lanes.map((lane) => [lane.lane, lane]));
    picture.passages = body.recent;
    picture.alarms = body.alarms;
    picture.totals = body.totals;
    picture.completeness = body.completeness;
    freshId = null;
    showEverything();
  },
  lanes(body) { keepLanes(body.lanes); showLanes(); },
  tick(body) { keepLanes(body.lanes); showLanes(); },
  passage(body) { keepPassage(body.passage); showPassages(); },
  alarms(body) { picture.alarms = body.alarms; showAlarms(picture.alarms); },
  totals(body) { picture.totals = body.totals; showTotals(picture.totals, picture.completeness); },
};

function showLanes() {
  const box = byId("lanes");
  if (!picture.lanes.size) {
    box.replaceChildren(h("p", { class: "empty" }, text("lane.none")));
    tiles.clear();
    return;
  }
  const names = [...picture.lanes.keys()].sort();
  if (names.join() !== [...tiles.keys()].join()) {
    tiles.clear();
    for (const name of names) tiles.set(name, new LaneTile(name, actions));
    box.replaceChildren(...[...tiles.values()].map((tile) => tile.element));
    showFilter(names);
  }
  for (const [name, tile] of tiles) {
    const view = picture.lanes.get(name);
    tile.update(view, Math.max(0, (serverNow() ?? 0) - Date.parse(view.received_at_utc)));
  }
}

function showFilter(names) {
  const select = byId("lane-filter");
  const chosen = select.value;
  select.replaceChildren(h("option", { value: "" }, text("passage.all_lanes")), ...names.map((name) => h("option", { value: name }, name)));
  select.value = names.includes(chosen) ? chosen : "";
}

function showPassages() {
  const lane = byId("lane-filter").value;
  byId("passages").replaceChildren(passageTable(picture.passages.filter((one) => !lane || one.lane === lane), freshId));
}

function showEverything() {
  translatePage();
  showConnection();
  if (picture.totals === null) return;
  showLanes();
  showFilter([...tiles.keys()]);
  showPassages();
  showAlarms(picture.alarms);
  showTotals(picture.totals, picture.completeness);
}

function showConnection() {
  document.body.dataset.connection = connection;
  setText(byId("connection-text"), text(`connection.${connection}`));
  const last = serverTime === null ? null : new Date(serverTime.at).toISOString();
  setText(byId("banner"), last === null ? text("connection.never") : text("connection.lost_banner", { time: clockTime(last) }));
  show(byId("banner"), connection === "lost");
}

function showClock() {
  const now = connection === "live" ? serverNow() : null;
  setText(byId("clock"), now === null ? "--:--:--" : dayTime(new Date(now).toISOString()));
}

function listen() {
  for (const button of document.querySelectorAll("[data-language]")) {
    button.addEventListener("click", () => { chooseLanguage(button.dataset.language); showEverything(); });
  }
  byId("lane-filter").addEventListener("change", showPassages);
  byId("search").addEventListener("submit", (event) => { event.preventDefault(); searchAccounts(byId("search-text").value.trim()); });
  setInterval(showClock, 500);
}

await loadTexts();
listen();
showEverything();
connect(
  (kind, body) => { heard(body.now_utc); takers[kind](body); },
  (state) => { connection = state; showConnection(); showClock(); },
);
