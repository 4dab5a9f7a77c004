// The worker's phone.

import { trying } from "./alarm.js";
import { post } from "./api.js";
import { byId, el, initials, speak, when } from "./dom.js";
import { files, linked, preview } from "./media.js";
import { Pane } from "./pane.js";

const STATUS = {
  accepted: "on its way", scheduled: "on its way", queued: "on its way", sending: "on its way", sent: "sent", delivered: "delivered",
  undelivered: "not delivered", failed: "failed", read: "read", canceled: "cancelled",
};
const field = byId("phone-text");
const form = byId("phone-form");
export const pane = new Pane({ list: "texts", scroll: "phone-scroll", newer: "phone-newer", empty: "phone-empty", key: "sid", draw });
let worker;

/** Begin: the form and the words that every phone knows. */
export function start() {
  const words = form.querySelector(".words");
  for (const word of ["HELP", "STOP", "START"]) {
    words.append(el("button", { type: "button", class: "word", onclick: () => say(word) }, word));
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const typed = field.value;
    if (!typed.trim()) return;
    field.value = "";
    say(typed);
  });
}

/** Another worker's phone. */
export function of(chosen) {
  worker = chosen;
  byId("phone-who").textContent = chosen.sms ? `${chosen.first_name}’s phone` : "No phone";
  byId("phone-number").textContent = chosen.sms ? `${chosen.sms} · texting with Shiftline` : "";
  byId("phone-face").textContent = initials(chosen.name);
  form.querySelectorAll("input, button").forEach((each) => (each.disabled = !chosen.sms));
  if (!chosen.sms) return pane.clear(el("p", {}, `${chosen.first_name} has no phone number. Slack is on the right.`));
  return pane.clear(
    el("p", {}, el("strong", {}, "No texts yet.")),
    el("p", {}, `Choose SMS and press Send: the text arrives here. Then answer it as ${chosen.first_name} would, or text HELP.`),
  );
}

/** New and changed texts. */
export function take(news, first) {
  const fresh = pane.update(news.messages);
  if (first) return false;
  const heard = fresh.filter((text) => text.direction === "out");
  for (const text of heard) speak(`New text on the phone: ${text.body}`);
  return heard.length > 0;
}

async function say(words) {
  const sender = worker;
  const done = await trying(() => post("/text", { worker_id: sender.id, text: words }));
  if (!done && worker === sender && !field.value) field.value = words;
  pane.toEnd();
  field.focus();
}

function draw(text) {
  const ours = text.direction === "in";
  const bad = ["undelivered", "failed"].includes(text.status);
  const note = [when(new Date(text.at * 1000)), ours ? null : (STATUS[text.status] ?? text.status) + (text.error ? ` (error ${text.error})` : "")];
  const linkedFiles = [...new Set(files(text.body))];
  return el(
    "li",
    { class: `text ${ours ? "mine" : "theirs"}`, "data-sid": text.sid },
    el("span", { class: "hidden" }, ours ? `${worker.first_name}: ` : "Shiftline: "),
    text.media.map((each) => preview(each.url)),
    text.body ? el("p", { class: "bubble" }, linked(text.body)) : null,
    linkedFiles.map((url) => preview(url)),
    el("p", { class: bad ? "note bad" : "note" }, note.filter(Boolean).join(" · ")),
  );
}
