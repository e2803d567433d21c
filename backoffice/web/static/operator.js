// What a person does to a lane: log in or out, release the held vehicle, change the mode; each with a confirmation and,
// where it matters, a reason. In: a lane view. Out: a command to the back office, and the lane's own answer as a note.

import { byId, h } from "/static/dom.js";
import { closeDialog, openDialog } from "/static/dialog.js";
import { plate } from "/static/format.js";
import { text } from "/static/texts.js";

const ANSWER_MS = 12_000;
const ASK_EVERY_MS = 300;
const REASONS = ["cash", "checked", "topup", "tag"];
const CLASSES = [1, 2, 3, 4, 5];
const MODES = ["AUTO", "CONVOY", "EMERGENCY", "CLOSED"];
const REMEMBERED = "operator";

function note(message, kind = "info") {
  const toast = h("p", { class: `toast toast--${kind}` }, message);
  byId("toasts").append(toast);
  setTimeout(() => toast.remove(), kind === "info" ? 4_000 : 9_000);
  return toast;
}

async function send(lane, body) {
  const sending = note(text("command.sending", { lane }));
  try {
    const answer = await fetch(`/lanes/${encodeURIComponent(lane)}/commands`, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    });
    const told = await answer.json();
    if (!answer.ok) throw new Error(typeof told.detail === "string" ? told.detail : String(answer.status));
    return report(lane, await answerOf(told.command_id));
  } catch (error) {
    note(text("command.failed", { detail: error.message }), "bad");
    return false;
  } finally {
    sending.remove();
  }
}

async function answerOf(commandId) {
  const until = performance.now() + ANSWER_MS;
  while (performance.now() < until) {
    const answer = await fetch(`/commands/${encodeURIComponent(commandId)}`).then((got) => got.json()).catch(() => ({}));
    if (answer.result) return answer;
    await new Promise((wake) => setTimeout(wake, ASK_EVERY_MS));
  }
  return { result: "no_answer" };
}

function report(lane, { result, detail }) {
  const good = result === "done" || result === "duplicate";
  note(text(`command.${result}`, { lane, detail: detail ?? "" }), good ? "good" : "bad");
  return good;
}

function nameField(operator) {
  return h("label", { class: "field" }, h("span", {}, text("operator.name")),
    h("input", { name: "operator", required: true, maxlength: 60, autocomplete: "off", value: operator ?? sessionStorage.getItem(REMEMBERED) ?? "" }));
}

function reasonField(suggestions) {
  const area = h("textarea", { name: "reason", required: true, minlength: 3, maxlength: 300, rows: 2 });
  area.addEventListener("input", () => area.setCustomValidity(area.value.trim().length < 3 ? text("operator.reason_short") : ""));
  const buttons = suggestions.map((key) => {
    const words = text(`operator.reason.${key}`);
    return h("button", { type: "button", class: "chip", onclick: () => { area.value = words; area.setCustomValidity(""); } }, words);
  });
  return h("div", { class: "field" }, h("label", { class: "field" }, h("span", {}, text("operator.reason")), area),
    buttons.length ? h("div", { class: "chips" }, buttons) : null);
}

// The class that the person sees: it sets the fare where neither the lane nor the tag says one.
function classField() {
  const choices = CLASSES.map((n) => h("label", { class: "choice" },
    h("input", { type: "radio", name: "vehicle_class", value: n, required: true }), h("span", {}, text("passage.class_n", { n }))));
  return h("fieldset", { class: "choices choices--row" }, h("legend", {}, text("operator.class_seen")), choices);
}

// A dialog with a form; `act` gets the entered values after the person confirmed.
function ask(title, help, fields, act) {
  const form = h("form", { class: "form", method: "dialog" },
    h("p", { class: "form__help" }, help), fields,
    h("div", { class: "form__buttons" },
      h("button", { type: "button", class: "button button--quiet", onclick: closeDialog }, text("operator.cancel")),
      h("button", { type: "submit", class: "button button--go" }, text("operator.confirm"))));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const entered = Object.fromEntries(new FormData(form));
    if (entered.operator) sessionStorage.setItem(REMEMBERED, entered.operator);
    closeDialog();
    act(entered);
  });
  openDialog(title, form);
  form.querySelector("input:not([readonly]), textarea")?.focus();
}

export function askLogin(view, then) {
  const lane = view.lane;
  if (view.status.operator) {
    ask(text("operator.logout_lane", { lane }), text("operator.logout_help"), [],
      () => send(lane, { kind: "logout", operator: view.status.operator }));
    return;
  }
  const help = then ? `${text("operator.need_login")} ${text("operator.login_help")}` : text("operator.login_help");
  ask(text("operator.login_lane", { lane }), help, [nameField()], async ({ operator }) => {
    const done = await send(lane, { kind: "login", operator });
    if (done && then) then(operator);
  });
}

export function askRelease(view) {
  const { lane, status } = view;
  const release = (operator) => {
    const who = [status.held_plate ? plate(status.held_plate) : "", status.held_epc ?? ""].filter(Boolean).join(" · ");
    ask(text("operator.release_lane", { lane }), `${text("operator.release_help")} ${who}`, [reasonField(REASONS), classField()],
      ({ reason, vehicle_class: seen }) => send(lane, {
        kind: "release", operator, reason: reason.trim(), passage_id: status.held_passage_id, vehicle_class: Number(seen),
      }));
  };
  if (status.operator) release(status.operator);
  else askLogin(view, release);
}

export function askMode(view) {
  const { lane, status } = view;
  const choices = MODES.map((mode) => h("label", { class: "choice" },
    h("input", { type: "radio", name: "mode", value: mode, required: true, checked: status.state === mode }), h("span", {}, text(`mode.${mode}`))));
  ask(text("operator.mode_lane", { lane }), text("operator.mode_help"),
    [h("fieldset", { class: "choices" }, h("legend", {}, text("operator.mode")), choices), nameField(status.operator), reasonField([])],
    ({ mode, operator, reason }) => send(lane, { kind: "mode", mode, operator, reason: reason.trim() }));
}
