// Building nodes. No HTML is ever made from text: what a worker types is a text node, whatever it looks like.

/** The node of this id. */
export const byId = (id) => document.getElementById(id);

/** A node: el("p", {class: "small", onclick: f, hidden: true}, "words", node, [more]). */
export function el(name, properties = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "class") node.className = value;
    else if (key === "value" || key === "checked" || key === "disabled" || key === "selected") node[key] = value;
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

/** Replace what is in `node`. */
export const fill = (node, ...children) => node.replaceChildren(...children.flat().filter(Boolean));

const moment = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const dayAndMoment = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

/** "14:05", or with the day where that isn't today. */
export function when(date) {
  return (date.toDateString() === new Date().toDateString() ? moment : dayAndMoment).format(date);
}

const lately = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

/** "2 minutes ago", for people; the exact moment belongs in a title. */
export function ago(date) {
  const seconds = (date - Date.now()) / 1000;
  if (seconds > -10) return "just now";
  for (const [unit, length] of [["day", 86400], ["hour", 3600], ["minute", 60]]) {
    if (-seconds >= length) return lately.format(Math.round(seconds / length), unit);
  }
  return lately.format(Math.round(seconds), "second");
}

/** "AC" of "Aaron Carlson"; the first letter of a name may be more than one code unit. */
export const initials = (name) => name.trim().split(/\s+/).slice(0, 2).map((each) => [...each][0]).join("");

/** Tell a screen reader. */
export function speak(words) {
  const log = byId("spoken");
  log.append(el("p", {}, words));
  while (log.children.length > 5) log.firstChild.remove();
}
