// What the phone and Slack have in common: a list that grows at its end, keeps its place and never flickers.

import { byId, fill } from "./dom.js";

/** A list of messages: `draw(message)` gives a node; only messages that changed are drawn again. */
export class Pane {
  constructor({ list, scroll, newer, empty, key, draw }) {
    Object.assign(this, { list: byId(list), scroll: byId(scroll), newer: byId(newer), empty: byId(empty), key, draw });
    this.nodes = new Map();
    this.held = new Map();
    this.sticky = true; // at the end, and to stay there: only a hand that scrolls up ends it
    this.top = 0;
    this.newer.addEventListener("click", () => this.toEnd());
    this.scroll.addEventListener("scroll", () => this.scrolled(), { passive: true });
    new ResizeObserver(() => this.sticky && this.toEnd()).observe(this.list); // pictures and players grow late
  }

  /** Forget everything: another worker. */
  clear(...empty) {
    this.nodes.clear();
    this.held.clear();
    fill(this.list);
    fill(this.empty, ...empty);
    this.empty.hidden = !empty.length;
    this.newer.hidden = true;
    this.sticky = true;
  }

  /** Take in new and changed messages; those that were not there before. */
  update(messages) {
    const fresh = messages.filter((message) => !this.nodes.has(message[this.key]));
    for (const message of messages) this.put(message);
    if (this.nodes.size) this.empty.hidden = true;
    if (this.sticky) this.toEnd();
    else if (fresh.length) this.newer.hidden = false;
    return fresh;
  }

  put(message) {
    const id = message[this.key];
    const old = this.nodes.get(id);
    if (old && Number(old.dataset.changed) >= message.changed) return;
    if (old?.dataset.busy) return void this.held.set(id, message); // a hand is on it: draw it when the hand is off
    const node = this.draw(message);
    node.dataset.changed = message.changed;
    this.nodes.set(id, node);
    if (old) swap(old, node);
    else this.list.append(node);
  }

  /** The hand is off message `id`: draw what came meanwhile. */
  release(id) {
    const message = this.held.get(id);
    this.held.delete(id);
    if (message) this.update([message]);
  }

  scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroll;
    if (scrollHeight - scrollTop - clientHeight < 60) {
      this.sticky = true;
      this.newer.hidden = true;
    } else if (scrollTop < this.top) this.sticky = false;
    this.top = scrollTop;
  }

  toEnd() {
    this.sticky = true;
    this.scroll.scrollTop = this.scroll.scrollHeight;
    this.top = this.scroll.scrollTop;
    this.newer.hidden = true;
  }
}

/** Put `node` in place of `old`; what has the focus keeps it, what is half typed stays typed. */
function swap(old, node) {
  const focused = old.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  for (const field of old.querySelectorAll("[data-typed]")) {
    const same = [...node.querySelectorAll("[data-typed]")].find((each) => each.dataset.key === field.dataset.key);
    if (same) same.value = field.value;
  }
  const hadFocus = old.contains(document.activeElement);
  old.replaceWith(node);
  if (!hadFocus) return;
  const same = [...node.querySelectorAll("[data-key]")].find((each) => each.dataset.key === focused && !each.disabled);
  node.tabIndex = -1;
  (same ?? node).focus({ preventScroll: true });
}
