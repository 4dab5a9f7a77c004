// Finding a worker: a text field with a list below it (the ARIA combobox pattern), by mouse or by keys.

import { trying } from "./alarm.js";
import { get } from "./api.js";
import { byId, el, fill } from "./dom.js";

const field = byId("find");
const list = byId("found");
let choose = () => {};
let at = -1;
let asked = 0;

/** Begin; `chosen` is called with a worker. */
export function start(chosen) {
  choose = chosen;
  field.addEventListener("input", () => open());
  field.addEventListener("focus", () => open());
  field.addEventListener("click", () => list.hidden && open());
  field.addEventListener("blur", () => setTimeout(close, 150));
  field.addEventListener("keydown", keys);
}

async function open() {
  const mine = ++asked;
  const found = await trying(() => get("/workers", { q: field.value }));
  if (mine !== asked || !found || document.activeElement !== field) return;
  const marked = list.querySelector("[aria-selected=true]")?.dataset.worker; // whoever is chosen by keys stays so
  fill(list, ...found.workers.map(option));
  if (!found.workers.length) list.append(el("li", { class: "none" }, "Nobody of that name. Try a job or a department."));
  else if (found.count > found.workers.length) {
    list.append(el("li", { class: "none" }, `and ${found.count - found.workers.length} more: type to narrow it down`));
  }
  list.hidden = false;
  field.setAttribute("aria-expanded", "true");
  move(found.workers.findIndex((worker) => worker.id === marked));
}

function close() {
  asked += 1; // an answer that is still on its way must not open the list again
  list.hidden = true;
  at = -1;
  field.setAttribute("aria-expanded", "false");
  field.removeAttribute("aria-activedescendant");
}

function option(worker, place) {
  return el(
    "li",
    {
      id: `found-${place}`,
      role: "option",
      "data-worker": worker.id,
      "aria-selected": "false",
      onmousedown: (event) => {
        event.preventDefault();
        take(worker);
      },
      ontake: () => take(worker),
    },
    el("span", { class: "name" }, worker.name),
    el("span", { class: "small" }, [worker.job, worker.department].filter(Boolean).join(" · ")),
    el("span", { class: "ways" }, worker.sms && el("i", { class: "way" }, "SMS"), worker.slack && el("i", { class: "way" }, "Slack"), el("i", { class: "way" }, worker.language)),
  );
}

function take(worker) {
  field.value = "";
  close();
  choose(worker);
}

function move(to) {
  const options = list.querySelectorAll("[role=option]");
  at = Math.max(-1, Math.min(to, options.length - 1));
  options.forEach((each, place) => each.setAttribute("aria-selected", String(place === at)));
  if (at < 0) return field.removeAttribute("aria-activedescendant");
  field.setAttribute("aria-activedescendant", options[at].id);
  options[at].scrollIntoView({ block: "nearest" });
}

function keys(event) {
  if (event.key === "Escape") close();
  else if (event.key === "ArrowDown") list.hidden ? open() : move(at + 1);
  else if (event.key === "ArrowUp") move(at - 1);
  else if (event.key === "Enter" && !list.hidden) {
    list.querySelectorAll("[role=option]")[Math.max(at, 0)]?.dispatchEvent(new Event("take"));
  } else return;
  event.preventDefault();
}
