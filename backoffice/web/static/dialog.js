// The one modal dialog of the page. In: a title and a body. Out: a dialog with a close button; Escape closes it, focus
// returns to where it was (the browser's own behaviour of <dialog>).

import { byId, h } from "/static/dom.js";
import { text } from "/static/texts.js";

export function openDialog(title, body, { wide = false } = {}) {
  const dialog = byId("dialog");
  dialog.classList.toggle("dialog--wide", wide);
  dialog.replaceChildren(
    h("header", { class: "dialog__head" }, h("h2", { id: "dialog-title" }, title),
      h("button", { type: "button", class: "button button--quiet", onclick: closeDialog }, text("operator.close"))),
    h("div", { class: "dialog__body" }, body));
  if (!dialog.open) dialog.showModal();
  return dialog;
}

export function closeDialog() {
  byId("dialog").close();
}
