// The worker's direct message with the bot in Slack.

import { trying } from "./alarm.js";
import { post } from "./api.js";
import { blocks } from "./blocks.js";
import { byId, el, initials, speak, when } from "./dom.js";
import { ours, preview } from "./media.js";
import { addresses, mrkdwn, plain } from "./mrkdwn.js";
import { Pane } from "./pane.js";

const field = byId("slack-text");
const form = byId("slack-form");
export const pane = new Pane({ list: "posts", scroll: "slack-scroll", newer: "slack-newer", empty: "slack-empty", key: "ts", draw });
let worker;
let touches = Promise.resolve();

/** Begin. */
export function start() {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const typed = field.value;
    if (!typed.trim()) return;
    field.value = "";
    const done = await trying(() => post("/dm", { worker_id: worker.id, text: typed }));
    if (!done && !field.value) field.value = typed;
    pane.toEnd();
    field.focus();
  });
}

/** Another worker's Slack. */
export function of(chosen) {
  worker = chosen;
  byId("slack-who").textContent = chosen.slack ? `${chosen.name} · direct message` : "not in Slack";
  form.querySelectorAll("input, button").forEach((each) => (each.disabled = !chosen.slack));
  if (!chosen.slack) return pane.clear(el("p", {}, `${chosen.first_name} is not in Slack. The phone shows what they get by SMS.`));
  return pane.clear(
    el("p", {}, el("strong", {}, "No messages yet.")),
    el("p", {}, `Choose Slack and press Send: the message arrives here, with buttons to answer by. Or write to Shiftline as ${chosen.first_name}.`),
  );
}

/** New and changed messages. */
export function take(news, first) {
  const fresh = pane.update(news.messages);
  if (first) return false;
  const heard = fresh.filter((message) => message.who === "bot");
  for (const message of heard) speak(`New message in Slack: ${plain(message.text)}`);
  return heard.length > 0;
}

function draw(message) {
  const bot = message.who === "bot";
  const at = new Date(Number(message.ts) * 1000);
  const hand = { touch: (element, block, what) => touch(message, element, block, what) };
  const body = message.blocks.length ? blocks(message.blocks, message.chosen, hand) : [el("p", {}, mrkdwn(message.text))];
  return el(
    "li",
    { class: `post ${bot ? "bot" : "person"}`, "data-ts": message.ts },
    el("span", { class: "face", "aria-hidden": "true" }, bot ? el("img", { src: "/simulator/static/mark.svg", alt: "" }) : initials(worker.name)),
    el(
      "div",
      { class: "said" },
      el("p", { class: "by" }, el("strong", {}, bot ? "Shiftline" : worker.name), bot ? el("span", { class: "tag" }, "App") : null, el("time", { datetime: at.toISOString() }, when(at)), message.edited ? el("span", { class: "small" }, "(edited)") : null),
      ...body,
      [...new Set(addresses(shownText(message)).map(ours).filter(Boolean))].map((path) => preview(path)),
    ),
  );
}

/** The words on which a link may stand: of the blocks where there are any. */
function shownText(message) {
  if (!message.blocks.length) return message.text;
  return message.blocks.map((block) => block.text?.text ?? "").join("\n");
}

/** One touch after the other, as one hand does it; the message is not drawn anew under the hand. */
function touch(message, element, block, what) {
  const node = pane.nodes.get(message.ts);
  const given = { worker_id: worker.id, ts: message.ts, action_id: element.action_id, block_id: block.block_id, state: typed(node), ...what };
  const presses = element.type === "button";
  node.dataset.busy = Number(node.dataset.busy ?? 0) + 1;
  if (presses) node.setAttribute("aria-busy", "true");
  touches = touches.then(async () => {
    await trying(() => post("/tap", given));
    const left = Number(node.dataset.busy) - 1;
    if (left) node.dataset.busy = left;
    else {
      delete node.dataset.busy;
      node.removeAttribute("aria-busy");
      pane.release(message.ts);
    }
  });
}

/** What stands in a message's text fields, as Slack's state.values has it. */
function typed(node) {
  const state = {};
  for (const each of node.querySelectorAll("[data-typed]")) {
    (state[each.dataset.block] ??= {})[each.dataset.action] = { type: each.dataset.typed, value: each.value || null };
  }
  return state;
}
