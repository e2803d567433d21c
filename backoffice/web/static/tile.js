// One lane as a tile that is built once and then updated in place, so that focus, selection and the moving arm are
// kept. In: a lane view. Out: an element. A stale lane is shown as stale, with its age.

import { h, setText, show, svg } from "/static/dom.js";
import { clockTime, duration, money, plate, shortEpc } from "/static/format.js";
import { evidenceImage, flagChips, outcomeBadge, plateChip } from "/static/parts.js";
import { text, word } from "/static/texts.js";

function scene() {
  const lamp = svg("g", { class: "scene__lamp", transform: "translate(26 18)" },
    svg("rect", { x: -4, y: 8, width: 8, height: 66, class: "scene__pole" }),
    svg("rect", { x: -18, y: -16, width: 36, height: 36, rx: 8, class: "scene__box" }),
    svg("path", { d: "M-9 -7 L9 11 M9 -7 L-9 11", class: "scene__cross" }),
    svg("path", { d: "M0 -9 V10 M-9 2 L0 11 L9 2", class: "scene__arrow" }));
  const stripes = [0, 1, 2, 3, 4].map((i) => svg("rect", { x: 86 + i * 36, y: 47, width: 18, height: 8, class: "scene__stripe" }));
  const arm = svg("g", { class: "scene__arm" },
    svg("rect", { x: 72, y: 47, width: 200, height: 8, rx: 4, class: "scene__boom" }), ...stripes);
  const car = svg("g", { class: "scene__car" },
    svg("path", { d: "M92 84 v-14 q0 -5 6 -6 l12 -2 14 -13 q3 -3 8 -3 h32 q5 0 8 4 l10 13 14 3 q6 1 6 7 v11 z", class: "scene__body" }),
    svg("path", { d: "M118 62 l10 -9 q2 -2 5 -2 h11 v11 z M149 51 h13 q3 0 5 3 l6 8 h-24 z", class: "scene__glass" }),
    svg("circle", { cx: 116, cy: 84, r: 8, class: "scene__wheel" }), svg("circle", { cx: 178, cy: 84, r: 8, class: "scene__wheel" }));
  return svg("svg", { class: "scene", viewBox: "0 0 310 96", "aria-hidden": "true", preserveAspectRatio: "xMidYMax meet" },
    svg("path", { d: "M0 92 H310", class: "scene__road" }), car, lamp,
    svg("rect", { x: 262, y: 40, width: 26, height: 52, rx: 5, class: "scene__post" }), arm,
    svg("circle", { cx: 275, cy: 51, r: 8, class: "scene__hub" }));
}

// "R4, PLATE_MISMATCH" becomes words; rule ids are left out, and a text that is no list of flags is shown as it is.
function heldWords(reason) {
  const names = [...new Set(reason.split(/[,\s]+/).filter(Boolean))];
  if (!names.every((name) => /^[A-Z][A-Z0-9_]*$/.test(name))) return reason;
  const flags = names.filter((name) => !/^R\d+$/.test(name));
  return (flags.length ? flags : names).map((name) => word("flag", name)).join(", ");
}

export class LaneTile {
  constructor(lane, actions) {
    this.lane = lane;
    this.actions = actions;
    this.build();
  }

  build() {
    const button = (kind, act) => h("button", { type: "button", class: `button ${kind}`, onclick: act });
    this.state = h("span", { class: "state" });
    this.vehicles = h("span", { class: "tile__count" });
    this.stale = h("p", { class: "tile__stale", role: "status", hidden: true });
    this.scene = scene();
    this.signalText = h("span", { class: "visually-hidden" });
    this.barrierText = h("span", { class: "tile__barrier" });
    this.led = h("div", { class: "led", role: "img" });
    this.release = button("button--go", () => this.actions.release(this.view));
    this.heldWhat = h("strong", { class: "held__what" });
    this.heldWho = h("span", { class: "held__who" });
    this.held = h("div", { class: "held", role: "alert", hidden: true },
      h("div", { class: "held__text" }, this.heldWhat, this.heldWho), this.release);
    this.image = evidenceImage("tile__image");
    this.last = h("div", { class: "last" });
    this.devices = h("ul", { class: "devices" });
    this.list = h("span", { class: "tile__list" });
    this.outbox = h("span", { class: "tile__outbox" });
    this.operator = h("span", { class: "tile__operator" });
    this.login = button("button--quiet", () => this.actions.login(this.view));
    this.mode = button("button--quiet", () => this.actions.mode(this.view));
    this.element = h("article", { class: "tile", "data-lane": this.lane, "aria-label": this.lane },
      h("header", { class: "tile__head" }, h("h3", {}, this.lane), this.state, this.vehicles),
      this.stale,
      h("div", { class: "tile__body" },
        h("div", { class: "tile__scene" }, this.scene, h("p", { class: "tile__words" }, this.signalText, this.barrierText)),
        this.led, this.held,
        h("div", { class: "tile__last" }, this.image.frame, this.last),
        this.devices,
        h("p", { class: "tile__small" }, this.list, this.outbox)),
      h("footer", { class: "tile__foot" }, this.operator, h("span", { class: "tile__buttons" }, this.login, this.mode)));
  }

  update(view, ageMs) {
    this.view = view;
    const status = view.status;
    this.element.dataset.state = status.state;
    this.element.dataset.signal = status.signal;
    this.element.dataset.barrier = status.barrier;
    this.element.classList.toggle("tile--stale", view.stale);
    this.element.classList.toggle("tile--held", Boolean(status.held_passage_id));
    this.element.classList.toggle("tile--occupied", status.vehicles_in_lane > 0);
    setText(this.state, word("state", status.state));
    setText(this.vehicles, status.vehicles_in_lane ? text("lane.vehicles", { count: status.vehicles_in_lane }) : "");
    show(this.stale, view.stale);
    setText(this.stale, view.stale ? text("lane.stale", { age: duration(ageMs) }) : "");
    setText(this.signalText, `${text(`lane.signal.${status.signal}`)}. `);
    setText(this.barrierText, word("barrier", status.barrier));
    this.updateDisplay(status);
    this.updateHeld(status);
    this.updateLast(view.last_passage);
    this.updateHealth(status);
    setText(this.operator, status.operator ? `${text("lane.operator")}: ${status.operator}` : text("lane.no_operator"));
    setText(this.login, text(status.operator ? "operator.logout" : "operator.login"));
    setText(this.mode, text("operator.mode"));
  }

  updateDisplay(status) {
    const lines = status.display_lines.length ? status.display_lines : [word("display", status.display_code)];
    const label = `${text("lane.display")}: ${lines.join(", ")}`;
    if (this.led.getAttribute("aria-label") === label) return;
    this.led.setAttribute("aria-label", label);
    this.led.dataset.code = status.display_code;
    this.led.replaceChildren(...lines.slice(0, 4).map((line) => h("span", {}, line)));
  }

  updateHeld(status) {
    const held = Boolean(status.held_passage_id);
    show(this.held, held);
    if (!held) return;
    const why = heldWords(status.held_reason ?? "");
    setText(this.heldWhat, `${text("lane.held")}${why ? `: ${why}` : ""}`);
    const who = [status.held_plate ? plate(status.held_plate) : "", status.held_epc ?? ""].filter(Boolean);
    setText(this.heldWho, who.join(" · "));
    setText(this.release, text("operator.release"));
  }

  updateLast(passage) {
    const key = passage ? `${passage.passage_id} ${document.documentElement.lang}` : document.documentElement.lang;
    if (this.lastKey === key) return;
    this.lastKey = key;
    if (!passage) {
      this.image.update("", "");
      this.last.replaceChildren(h("p", { class: "last__none" }, text("lane.no_last")));
      return;
    }
    const shown = passage.plate || passage.registered_plate;
    this.image.update(passage.image_sha256, text("lane.image_of", { plate: plate(shown), lane: this.lane }));
    this.last.replaceChildren(...this.lastParts(passage));
  }

  lastParts(passage) {
    const differs = passage.registered_plate && passage.plate && passage.plate !== passage.registered_plate;
    const facts = [passage.provider, passage.vehicle_class ? text("passage.class_n", { n: passage.vehicle_class }) : "",
      passage.time_to_open_ms === null || passage.time_to_open_ms < 0 ? "" : duration(passage.time_to_open_ms)];
    return [
      h("div", { class: "last__row" }, plateChip(passage.plate), outcomeBadge(passage.outcome)),
      differs ? h("p", { class: "last__differs" }, text("passage.plate_differs", { plate: plate(passage.registered_plate) })) : null,
      h("div", { class: "last__row" },
        h("strong", { class: "last__fare" }, money(passage.fare_vnd)),
        h("span", { class: "last__facts" }, facts.filter(Boolean).join(" · "))),
      h("div", { class: "last__row last__row--small" },
        h("code", { class: "last__epc", title: passage.epc }, passage.epc ? shortEpc(passage.epc) : text("passage.no_tag")),
        h("time", { datetime: passage.passed_at_utc }, clockTime(passage.passed_at_utc)),
        h("button", { type: "button", class: "link", onclick: () => this.actions.detail(passage.passage_id) }, text("passage.show"))),
      passage.flags.length ? h("div", { class: "flags" }, flagChips(passage.flags)) : null,
    ].filter(Boolean);
  }

  updateHealth(status) {
    const key = JSON.stringify([status.devices, document.documentElement.lang]);
    if (key !== this.devicesKey) {
      this.devicesKey = key;
      this.devices.setAttribute("aria-label", text("lane.devices"));
      this.devices.replaceChildren(...status.devices.map((device) =>
        h("li", { class: "device", "data-state": device.state, title: device.detail ?? "" },
          h("span", { class: "device__dot", "aria-hidden": "true" }), word("device", device.name),
          h("span", { class: device.state === "ok" ? "visually-hidden" : "device__state" }, ` ${word("device_state", device.state)}`))));
    }
    const age = status.list_age_s;
    setText(this.list, age === null || age === undefined
      ? text("lane.list_unknown", { version: status.list_version })
      : text("lane.list", { version: status.list_version, age: duration(Math.round(age) * 1000) }));
    setText(this.outbox, status.outbox_waiting ? text("lane.outbox", { count: status.outbox_waiting }) : "");
  }
}
