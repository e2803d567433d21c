// How money, times, plates and ages are written. In: whole VND, ISO times in UTC, plates without separators. Out: text.
// Times are always shown in Asia/Ho_Chi_Minh, wherever the browser is.

import { currentLanguage, text } from "/static/texts.js";

const ZONE = "Asia/Ho_Chi_Minh";
const formats = new Map();

function format(kind, options) {
  const locale = currentLanguage() === "en" ? "en-GB" : "vi-VN";
  const key = `${locale}/${kind}`;
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(locale, { timeZone: ZONE, hour12: false, ...options }));
  return formats.get(key);
}

const CLOCK = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
const DAY = { day: "2-digit", month: "2-digit", year: "numeric" };

export const clockTime = (iso) => format("clock", CLOCK).format(new Date(iso));
export const dayTime = (iso) => `${clockTime(iso)} ${format("day", DAY).format(new Date(iso))}`;
export const day = (iso) => format("day", DAY).format(new Date(`${iso}T12:00:00+07:00`));

export function money(vnd) {
  return `${String(Math.trunc(vnd)).replace(/\B(?=(\d{3})+(?!\d))/g, ".")} đ`;
}

export const count = (number) => String(number).replace(/\B(?=(\d{3})+(?!\d))/g, ".");

function number(value, digits) {
  return value.toLocaleString(currentLanguage() === "en" ? "en-GB" : "vi-VN", { maximumFractionDigits: digits });
}

export function duration(ms) {
  if (ms < 1000) return text("unit.ms", { n: Math.round(ms) });
  if (ms < 90_000) return text("unit.seconds", { n: number(ms / 1000, ms < 10_000 ? 1 : 0) });
  if (ms < 5_400_000) return text("unit.minutes", { n: Math.round(ms / 60_000) });
  return text("unit.hours", { n: Math.round(ms / 3_600_000) });
}

// 20A12345 → 20A-123.45, 20A1234 → 20A-1234, TM1234 → TM-12-34; anything else stays as it is.
export function plate(stored) {
  const civil = /^(\d{2}[A-ZĐ]{1,2})(\d{3})(\d{2})$/.exec(stored);
  if (civil) return `${civil[1]}-${civil[2]}.${civil[3]}`;
  const old = /^(\d{2}[A-ZĐ]{1,2})(\d{4})$/.exec(stored);
  if (old) return `${old[1]}-${old[2]}`;
  const army = /^([A-Z]{2})(\d{2})(\d{2})$/.exec(stored);
  return army ? `${army[1]}-${army[2]}-${army[3]}` : stored;
}

export const percent = (share) => `${Math.round(share * 100)} %`;

export const shortEpc = (epc) => (epc.length > 14 ? `${epc.slice(0, 6)}…${epc.slice(-6)}` : epc);
