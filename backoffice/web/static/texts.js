// The texts of the page in Vietnamese and English, from one catalogue file. In: a key and values. Out: text.
// A key that is missing is shown as the key itself: visible, never silent.

const STORED = "language";
let catalogue = {};
let language = "vi";

export async function loadTexts() {
  const answer = await fetch("/static/catalogue.json");
  if (!answer.ok) throw new Error(`catalogue.json: ${answer.status}`);
  catalogue = await answer.json();
  const wanted = localStorage.getItem(STORED);
  language = wanted === "en" ? "en" : "vi";
}

export const currentLanguage = () => language;

export function chooseLanguage(wanted) {
  language = wanted;
  localStorage.setItem(STORED, wanted);
}

export function text(key, values = {}) {
  const found = catalogue[key]?.[language];
  if (found === undefined) return key;
  return found.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

// For vocabularies of the lane (flags, outcomes, states): a word that the catalogue does not know yet is shown as it is.
export function word(family, name) {
  const key = `${family}.${name}`;
  return catalogue[key]?.[language] ?? String(name);
}

export function translatePage() {
  document.documentElement.lang = language;
  document.title = `${text("page.title")} ${text("page.plaza")}`;
  for (const node of document.querySelectorAll("[data-text]")) node.textContent = text(node.dataset.text);
  for (const node of document.querySelectorAll("[data-label]")) node.setAttribute("aria-label", text(node.dataset.label));
  for (const node of document.querySelectorAll("[data-language]")) {
    node.setAttribute("aria-pressed", String(node.dataset.language === language));
  }
}
