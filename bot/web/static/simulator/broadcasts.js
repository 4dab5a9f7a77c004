// The last broadcasts: how far each one is, and who did not get it and why.

import { get } from "./api.js";
import { ago, byId, el, fill } from "./dom.js";

const WORDS = {
  queued: "waiting", claimed: "waiting", sending: "on the way", submitted: "on the way", sent: "sent", delivered: "delivered",
  read: "read", failed: "failed", skipped: "not sent", cancelled: "cancelled", expired: "too late", in_doubt: "in doubt",
};
const MOOD = { sent: "good", delivered: "good", read: "good", failed: "bad", expired: "bad", "in doubt": "bad", "not sent": "mild", cancelled: "mild" };
let before = "";

/** Ask and draw, if anything is new. */
export async function refresh() {
  const found = await get("/broadcasts");
  const now = JSON.stringify(found) + Math.floor(Date.now() / 60_000);
  if (now === before) return;
  before = now;
  const open = new Set([...document.querySelectorAll("#recent details[open]")].map((each) => each.dataset.id));
  fill(byId("recent"), ...found.broadcasts.map((each) => row(each, open.has(each.id))));
  if (!found.broadcasts.length) fill(byId("recent"), el("li", { class: "small" }, "Nothing has been sent yet."));
}

function row(broadcast, open) {
  const counts = {};
  for (const [state, count] of Object.entries(broadcast.deliveries)) counts[WORDS[state] ?? state] = (counts[WORDS[state] ?? state] ?? 0) + count;
  const missed = broadcast.missed.map((each) =>
    el("li", {}, `${each.count} × ${each.words}: ${each.names.join(", ")}${each.count > each.names.length ? " …" : ""}`),
  );
  return el(
    "li",
    { "data-broadcast": broadcast.id },
    el("p", { class: "name" }, broadcast.name),
    el("p", { class: "small" }, `${broadcast.state} · ${channels(broadcast.channels)} · `, el("time", { datetime: broadcast.at, title: new Date(broadcast.at).toLocaleString() }, ago(new Date(broadcast.at)))),
    el(
      "p",
      { class: "chips" },
      ...Object.entries(counts).map(([words, count]) => el("span", { class: `chip ${MOOD[words] ?? ""}` }, `${count} ${words}`)),
      broadcast.answers ? el("span", { class: "chip" }, `${broadcast.answers} ${broadcast.answers === 1 ? "answer" : "answers"}${broadcast.correct ? `, ${broadcast.correct} right` : ""}`) : null,
    ),
    missed.length ? el("details", { "data-id": broadcast.id, open }, el("summary", {}, "Who did not get it, and why"), el("ul", {}, ...missed)) : null,
  );
}

const NAMES = { sms: "SMS", slack: "Slack" };
const channels = (chosen) => (chosen ? chosen.map((each) => NAMES[each] ?? each).join(", then ") : "by preference");
