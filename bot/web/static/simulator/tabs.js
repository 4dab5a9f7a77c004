// On a small screen one room at a time; a dot tells of news in another.

import { byId } from "./dom.js";

const rooms = document.querySelector(".rooms");
const tabs = [...document.querySelectorAll("[role=tab]")];
const ends = { phone: () => {}, slack: () => {} };

/** Begin; `toEnd` scrolls a room to its newest message. */
export function start(toEnd) {
  Object.assign(ends, toEnd);
  tabs.forEach((tab, place) => {
    tab.tabIndex = place ? -1 : 0;
    tab.addEventListener("click", () => show(tab.getAttribute("aria-controls")));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const next = tabs[(place + step + tabs.length) % tabs.length];
      show(next.getAttribute("aria-controls"));
      next.focus();
    });
  });
}

/** Show a room. */
export function show(room) {
  rooms.dataset.shown = room;
  for (const tab of tabs) {
    const mine = tab.getAttribute("aria-controls") === room;
    tab.setAttribute("aria-selected", String(mine));
    tab.tabIndex = mine ? 0 : -1;
    if (mine) delete tab.dataset.news;
  }
  ends[room]?.();
}

/** There is something new in a room that isn't shown. */
export function news(room) {
  if (rooms.dataset.shown !== room) byId(`tab-${room}`).dataset.news = "";
}

/** Is only one room shown at a time? */
export const narrow = () => getComputedStyle(document.querySelector(".tabs")).display !== "none";
