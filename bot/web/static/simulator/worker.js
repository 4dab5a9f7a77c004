// The chosen worker's card: who they are, and the figures that move when they answer.

import { ago, byId, el, fill } from "./dom.js";

const CONSENT = {
  sms: { granted: ["yes", "agreed"], revoked: ["no", "said STOP"], none: ["no", "never asked"] },
  slack: { granted: ["yes", "agreed"], revoked: ["no", "said STOP"], none: ["yes", "on"] },
};
let shown = {};

/** Draw the card; a figure that rose since the last time lights up. */
export function show(worker) {
  const same = shown.id === worker.id;
  const rose = (name) => same && worker[name] !== shown[name];
  fill(
    byId("worker"),
    el("p", { class: "name" }, worker.name, worker.active ? null : el("span", { class: "tag bad" }, "not active")),
    el("p", { class: "small" }, [worker.job, worker.department, languageName(worker.language)].filter(Boolean).join(" · ")),
    el(
      "dl",
      { class: "figures" },
      figure("Points", String(worker.points), rose("points"), "points"),
      figure("Badges", String(worker.badges), rose("badges"), "badges"),
      figure("Last answer", since(worker.last_interaction), rose("last_interaction"), "last-interaction", worker.last_interaction),
      figure("Last active", since(worker.last_active), rose("last_active"), "last-active", worker.last_active),
    ),
    el("p", { class: "consents" }, consent(worker, "sms", "SMS"), consent(worker, "slack", "Slack")),
  );
  byId("worker").removeAttribute("aria-busy");
  shown = worker;
}

function figure(label, words, rose, name, exact = undefined) {
  const title = exact ? new Date(exact).toLocaleString() : undefined;
  return el("div", { class: rose ? "rose" : undefined }, el("dt", {}, label), el("dd", { "data-figure": name, title }, words));
}

function consent(worker, channel, label) {
  const [mood, words] = worker[channel] ? CONSENT[channel][worker.consent[channel]] : ["none", "none"];
  return el("span", { class: `consent ${mood}`, "data-consent": channel }, `${label}: ${words}`);
}

const since = (moment) => (moment ? ago(new Date(moment)) : "never");

function languageName(code) {
  try {
    return new Intl.DisplayNames(undefined, { type: "language" }).of(code);
  } catch {
    return code;
  }
}
