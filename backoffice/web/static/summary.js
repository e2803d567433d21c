// Today's totals, alarms and the account look-up. In: totals, alarms, completeness. Out: elements.

import { byId, h } from "/static/dom.js";
import { clockTime, count, day, money, plate } from "/static/format.js";
import { currentLanguage, text, word } from "/static/texts.js";

const OUTCOMES = ["charged", "ticket", "exempt", "manual", "convoy", "emergency", "violation"];

function figure(label, value, className = "") {
  return h("div", { class: `figure ${className}` }, h("span", { class: "figure__label" }, label), h("span", { class: "figure__value" }, value));
}

function breakdown(label, rows) {
  return h("div", { class: "breakdown" }, h("h3", {}, label),
    rows.length ? h("ul", {}, rows.map(([name, passages, vnd, outcome]) => h("li", { "data-outcome": outcome },
      h("span", { class: "breakdown__name" }, name), h("span", { class: "breakdown__count" }, count(passages)),
      h("span", { class: "breakdown__vnd" }, vnd ? money(vnd) : "–")))) : h("p", { class: "empty" }, text("totals.none")));
}

function completenessNote(completeness) {
  const missing = completeness.flatMap((row) => row.missing).reduce((sum, [first, last]) => sum + last - first + 1, 0);
  return missing
    ? h("span", { class: "totals__gap" }, text("totals.missing", { count: count(missing) }))
    : h("span", { class: "totals__whole" }, `✓ ${text("totals.complete")}`);
}

export function showTotals(totals, completeness) {
  const byOutcome = OUTCOMES.filter((name) => totals.count_by_outcome[name])
    .map((name) => [word("outcome", name), totals.count_by_outcome[name], totals.vnd_by_outcome[name] ?? 0, name]);
  const byClass = Object.keys(totals.count_by_class).filter((name) => name !== "0").sort()
    .map((name) => [text("passage.class_n", { n: name }), totals.count_by_class[name], totals.vnd_by_class[name] ?? 0, null]);
  const box = byId("totals");
  box.replaceChildren(box.firstElementChild,
    figure(text("totals.passages"), count(totals.passages)),
    figure(text("totals.charged"), money(totals.charged_vnd), "figure--money"),
    breakdown(text("totals.by_outcome"), byOutcome), breakdown(text("totals.by_class"), byClass),
    h("p", { class: "totals__day" }, text("totals.day", { day: day(totals.accounting_day), cutoff: totals.cutoff }), completenessNote(completeness)));
}

export function showAlarms(alarms) {
  const items = alarms.map((alarm) => h("li", { class: "alarm", "data-severity": alarm.severity },
    h("span", { class: "alarm__what" }, alarm.lane ? `${alarm.lane}: ` : "", alarm.text[currentLanguage()]),
    h("span", { class: "alarm__when" }, `${word("severity", alarm.severity)} · ${text("alarms.since", { time: clockTime(alarm.since_utc) })}`)));
  byId("alarms").replaceChildren(...(items.length ? items : [h("li", { class: "empty" }, text("alarms.none"))]));
}

export async function searchAccounts(wanted) {
  const box = byId("found");
  const answer = await fetch(`/live/accounts?text=${encodeURIComponent(wanted)}`).catch(() => null);
  if (answer === null || !answer.ok) {
    box.replaceChildren(h("p", { class: "empty" }, text("search.failed")));
    return;
  }
  const accounts = await answer.json();
  box.replaceChildren(...(accounts.length ? accounts.map(accountCard) : [h("p", { class: "empty" }, text("search.none"))]));
}

function accountCard(account) {
  return h("div", { class: "account" },
    h("div", { class: "account__head" }, h("strong", {}, account.account), h("span", {}, account.provider)),
    h("div", { class: "account__balance" }, `${text("search.balance")}: `, h("strong", {}, money(account.balance_vnd))),
    account.holder ? h("div", {}, `${text("search.holder")}: ${account.holder}`) : null,
    account.tags.map((tag) => h("div", { class: "account__tag" }, h("span", { class: "plate" }, plate(String(tag.plate ?? ""))), h("code", {}, String(tag.epc ?? "")))));
}
