// Small visible parts that tiles, table and dialogs share: plates, badges, flags, evidence images.
// In: values of a passage. Out: DOM nodes.

import { h } from "/static/dom.js";
import { plate } from "/static/format.js";
import { text, word } from "/static/texts.js";

const SERIOUS = new Set([
  "TAILGATE", "RUN_THROUGH", "PLATE_MISMATCH", "BLACKLIST", "CLONE_SUSPECT", "TID_MISMATCH", "CLASS_MISMATCH_MAJOR",
  "BOOM_BROKEN", "WRONG_WAY", "SEPARATION_FAIL", "MANUAL_RAISE", "UNKNOWN_TAG", "MULTI_TAG_AMBIGUOUS",
]);

export function plateChip(stored) {
  if (!stored) return h("span", { class: "plate plate--none" }, text("passage.plate_none"));
  return h("span", { class: "plate" }, plate(stored));
}

export function outcomeBadge(outcome) {
  return h("span", { class: "badge", "data-outcome": outcome }, word("outcome", outcome));
}

export function flagChips(flags) {
  return flags.map((flag) =>
    h("span", { class: SERIOUS.has(flag) ? "flag flag--serious" : "flag", title: flag }, word("flag", flag)),
  );
}

// An image that may not have been uploaded yet: tried again a few times, then the placeholder stays.
export function evidenceImage(className) {
  const picture = h("img", { class: "shot__picture", alt: "", hidden: true, decoding: "async" });
  const missing = h("span", { class: "shot__missing" });
  const frame = h("div", { class: `shot ${className}` }, picture, missing);
  let shown = "";
  let tries = 0;
  picture.addEventListener("load", () => { picture.hidden = false; missing.hidden = true; });
  picture.addEventListener("error", () => {
    picture.hidden = true;
    missing.hidden = false;
    tries += 1;
    const wanted = shown;
    if (tries < 6) setTimeout(() => { if (shown === wanted) picture.src = `/evidence/${wanted}?try=${tries}`; }, 1_000 * tries);
  });
  const update = (sha256, alt) => {
    missing.textContent = text("lane.no_image");
    picture.alt = alt;
    if (sha256 === shown) return;
    shown = sha256;
    tries = 0;
    picture.hidden = true;
    missing.hidden = false;
    if (/^[0-9a-f]{64}$/.test(sha256)) picture.src = `/evidence/${sha256}`;
    else picture.removeAttribute("src");
  };
  return { frame, update };
}
