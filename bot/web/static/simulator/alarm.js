// The one place where the page says that something went wrong.

import { byId, el, fill } from "./dom.js";

let timer;

/** Show an error's sentence; `stays` until `calm` is called, else for some seconds. */
export function alarm(error, { stays = false } = {}) {
  const box = byId("alarm");
  clearTimeout(timer);
  fill(box, el("p", {}, error.message), el("button", { type: "button", "aria-label": "Close", onclick: calm }, "×"));
  box.dataset.code = error.code || "";
  box.hidden = false;
  if (!stays) timer = setTimeout(calm, 12_000);
}

/** Take it away. With `code`, only if it is that error. */
export function calm(code = undefined) {
  const box = byId("alarm");
  if (typeof code === "string" && box.dataset.code !== code) return;
  box.hidden = true;
  fill(box);
}

/** Run `act`, and show what it is refused with. */
export async function trying(act) {
  try {
    return await act();
  } catch (error) {
    if (error.name !== "AbortError") alarm(error);
    return undefined;
  }
}
