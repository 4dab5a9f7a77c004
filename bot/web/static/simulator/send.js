// The Send panel. Before anything is sent it says who will get it, who will not and why.

import { trying } from "./alarm.js";
import { get, post } from "./api.js";
import { byId, el, fill, speak } from "./dom.js";

const form = byId("send");
const content = byId("content");
const segment = byId("segment");
const button = byId("go");
const forecast = byId("forecast");
const ON = { sms: "by SMS", slack: "in Slack" };

let worker;
let segments = [];
let asked = 0;
let foretold = ""; // the choice that the forecast on the page belongs to: only that one may be sent
let reached = 0;
let sending = false;
let sent = () => {};

/** Begin; `after` is called when something was sent, with the channel that the worker gets it on. */
export function start(catalogue, after) {
  sent = after;
  segments = catalogue.segments;
  fill(content, ...kinds(catalogue.contents));
  form.addEventListener("submit", send);
  form.addEventListener("change", foresee);
}

function kinds(contents) {
  const labels = [...new Set(contents.map((each) => each.label))];
  return labels.map((label) =>
    el("optgroup", { label }, ...contents.filter((each) => each.label === label).map((each) => el("option", { value: each.id }, `${label}: ${each.title}`))),
  );
}

/** Another worker, or the same with other segments: theirs come first, the smallest of them chosen. */
export function of(chosen) {
  const changed = worker?.id !== chosen.id;
  worker = chosen;
  if (changed) {
    const theirs = segments.filter((each) => chosen.segments.includes(each.id));
    const others = segments.filter((each) => !chosen.segments.includes(each.id));
    const names = (list) => list.map((each) => el("option", { value: each.id }, `${each.name} (${each.count})`));
    const group = (label, list) => (list.length ? el("optgroup", { label }, ...names(list)) : null);
    fill(segment, group(`With ${chosen.first_name} in it`, theirs), group(`Without ${chosen.first_name}`, others));
    const channel = chosen.sms ? "sms" : "slack";
    form.elements.channel.value = channel;
  }
  return foresee();
}

async function foresee() {
  const mine = ++asked;
  const wish = chosen();
  ready();
  try {
    const found = await get("/preview", { worker: worker.id, ...wish });
    if (mine !== asked) return;
    told(found);
    foretold = JSON.stringify([worker.id, wish]);
  } catch (error) {
    if (mine !== asked) return;
    fill(forecast, el("p", { class: "warning" }, error.message));
    foretold = "";
  }
  ready();
}

const chosen = () => ({ content: content.value, segment: segment.value, channel: form.elements.channel.value });

/** The button says how many, and works, only while that is the forecast of what is chosen now. */
function ready() {
  const known = foretold === JSON.stringify([worker.id, chosen()]);
  button.disabled = sending || !known || !reached;
  if (!known) button.textContent = "Send";
  else button.textContent = reached ? `Send to ${people(reached)}` : "Nobody to send to";
}

const people = (count) => `${count} ${count === 1 ? "person" : "people"}`;

function told(found) {
  const mine = found.worker;
  const name = worker.first_name;
  const lines = [];
  if (mine.gets_it) lines.push(el("p", { class: "good" }, `${name} gets it ${ON[mine.channel]}.`));
  else if (!mine.member) lines.push(el("p", { class: "warning" }, `${name} is not in this segment and won't get it.`));
  else lines.push(el("p", { class: "warning" }, `${name} won't get it: ${mine.words}. Choose another channel or another worker.`));
  lines.push(el("p", { class: "small" }, `${found.reached} of ${people(found.recipients)} in the segment can be reached${found.missed.length ? "; not:" : "."}`));
  if (found.missed.length) lines.push(el("ul", { class: "small" }, ...found.missed.map((each) => el("li", {}, `${each.count} × ${each.words}`))));
  fill(forecast, ...lines);
  reached = found.reached;
  button.dataset.channel = mine.gets_it ? mine.channel : "";
}

async function send(event) {
  event.preventDefault();
  sending = true;
  ready();
  const done = await trying(() => post("/broadcasts", chosen()));
  sending = false;
  ready();
  if (!done) return;
  speak("Sent.");
  sent(button.dataset.channel);
}
