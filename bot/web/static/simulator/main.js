// Joins the page's parts: one chosen worker, one loop that asks what is new for them.

import { alarm, calm, trying } from "./alarm.js";
import { get } from "./api.js";
import * as broadcasts from "./broadcasts.js";
import { byId } from "./dom.js";
import * as phone from "./phone.js";
import * as picker from "./picker.js";
import * as send from "./send.js";
import * as slack from "./slack.js";
import * as tabs from "./tabs.js";
import * as card from "./worker.js";

const WAIT = 4;
const KEY = "shiftline.simulator.worker";
let ended = new AbortController();
let looking = false;
let again = false;

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

async function begin() {
  picker.start((worker) => trying(() => choose(worker.id)));
  phone.start();
  slack.start();
  tabs.start({ phone: () => phone.pane.toEnd(), slack: () => slack.pane.toEnd() });
  const catalogue = await get("/catalogue");
  send.start(catalogue, sent);
  await choose(await first(catalogue.suggested));
}

/** The worker in the address, else the one of the last visit, else whom the service suggests. */
async function first(suggested) {
  const known = new URLSearchParams(location.search).get("worker") ?? sessionStorage.getItem(KEY);
  if (known && (await get(`/workers/${encodeURIComponent(known)}`).catch(() => null))) return known;
  return suggested;
}

async function choose(id) {
  ended.abort();
  ended = new AbortController();
  const worker = await get(`/workers/${encodeURIComponent(id)}`);
  sessionStorage.setItem(KEY, worker.id);
  history.replaceState(null, "", `?worker=${worker.id}`);
  card.show(worker);
  phone.of(worker);
  slack.of(worker);
  follow(worker, ended.signal);
  await send.of(worker);
}

/** Ask for news for as long as this worker is the chosen one. */
async function follow(worker, signal) {
  let seen = { sms: 0, slack: 0 };
  let first = true;
  let troubled = false;
  while (!signal.aborted) {
    try {
      const news = await get(`/conversation/${worker.id}`, { ...seen, wait: first ? 0 : WAIT }, signal);
      if (signal.aborted) return;
      if (troubled) calm();
      troubled = false;
      const changed = take(news, first);
      seen = { sms: news.sms?.cursor ?? 0, slack: news.slack?.cursor ?? 0 };
      figures(worker.id, signal, changed && !first);
      if (!news.waited && !first) await pause(800);
      first = false;
    } catch (error) {
      if (signal.aborted) return;
      if (!troubled) alarm(error, { stays: true });
      troubled = true;
      seen = { sms: 0, slack: 0 };
      await pause(2000);
    }
  }
}

function take(news, first) {
  if (news.sms && phone.take(news.sms, first)) tabs.news("phone");
  if (news.slack && slack.take(news.slack, first)) tabs.news("slack");
  return Boolean(news.sms?.messages.length || news.slack?.messages.length);
}

/** What may have moved: the worker's figures, the list of broadcasts, who can be reached. One look at a time. */
async function figures(id, signal, moved) {
  again = again || moved;
  if (looking) return;
  looking = true;
  const due = again;
  again = false;
  try {
    const [worker] = await Promise.all([get(`/workers/${id}`, {}, signal), broadcasts.refresh()]);
    if (signal.aborted) return;
    card.show(worker);
    if (due) send.of(worker);
  } catch {
    // The loop above meets the same trouble, and says so.
  } finally {
    looking = false;
    if (again && !signal.aborted) figures(id, signal, false);
  }
}

async function sent(channel) {
  await trying(broadcasts.refresh);
  if (tabs.narrow() && channel) tabs.show(channel === "sms" ? "phone" : "slack");
}

begin().catch((error) => {
  byId("worker").removeAttribute("aria-busy");
  alarm(error, { stays: true });
});
