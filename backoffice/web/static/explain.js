// Why a passage ended as it did, in plain sentences. In: a passage as the server gives it. Out: texts in the chosen
// language. Says only what the record says; a value that is not known makes no sentence.

import { duration, money, percent, plate } from "/static/format.js";
import { text, word } from "/static/texts.js";

function outcomeSentence(passage) {
  const values = {
    epc: passage.epc || "—",
    provider: passage.provider || "—",
    account: passage.account || "—",
    fare: money(passage.fare_vnd),
    class: text("passage.class_n", { n: passage.vehicle_class || "—" }),
    tariff: passage.tariff_version ?? "—",
    ticket: passage.ticket_no || "—",
    reason: passage.reason || "—",
    operator: passage.operator || "—",
    plate: plate(passage.plate || "—"),
  };
  const byPlate = passage.outcome === "charged" && passage.flags.includes("PLATE_CHARGE");
  return text(byPlate ? "why.charged_plate" : `why.${passage.outcome}`, values);
}

function plateSentence(passage) {
  if (!passage.plate) return text("why.plate_none");
  const values = {
    plate: plate(passage.plate),
    registered: plate(passage.registered_plate),
    confidence: percent(passage.plate_confidence),
  };
  if (!passage.registered_plate) return text("why.plate_alone", values);
  return text(passage.plate === passage.registered_plate ? "why.plate_same" : "why.plate_differs", values);
}

export function explain(passage) {
  const sentences = [outcomeSentence(passage), plateSentence(passage)];
  const { class_measured: measured, vehicle_class: charged } = passage;
  if (measured && charged && measured !== charged) sentences.push(text("why.class_differs", { measured, charged }));
  if (passage.time_to_open_ms !== null && passage.time_to_open_ms >= 0) {
    sentences.push(text("why.time", { time: duration(passage.time_to_open_ms) }));
  }
  for (const flag of passage.flags) sentences.push(`${word("flag", flag)} (${flag}).`);
  return sentences;
}
