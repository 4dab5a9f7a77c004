// Files of a message as a phone or Slack shows them. Only this service's own /media/ links are looked at.

import { el } from "./dom.js";

const OURS = /^\/media\/[\w.~-]+$/;
const LINKS = /https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]]/g;
const types = new Map();

/** The path of a link to our own media, whatever name this machine was called by; else undefined. */
export function ours(url) {
  try {
    const { pathname } = new URL(url, location.href);
    return OURS.test(pathname) ? pathname : undefined;
  } catch {
    return undefined;
  }
}

/** A frame that becomes a picture, a player or a file's name once the type is known. */
export function preview(url, words = "") {
  const path = ours(url);
  const frame = el("div", { class: "file" });
  if (!path) frame.append(link(url, words || url));
  else
    typeOf(path).then((type) => {
      if (type.startsWith("image/")) frame.append(el("img", { src: path, alt: words || "Picture" }));
      else if (type.startsWith("video/")) frame.append(el("video", { src: path, controls: true, preload: "metadata" }));
      else if (type.startsWith("audio/")) frame.append(el("audio", { src: path, controls: true, preload: "metadata" }));
      else if (type) frame.append(el("span", { class: "document" }, el("b", { "aria-hidden": "true" }, type.split("/").pop().slice(0, 4).toUpperCase()), link(path, "Open the file")));
      else frame.append(el("span", { class: "small" }, "The link has expired."));
    });
  return frame;
}

function typeOf(path) {
  if (!types.has(path)) {
    types.set(path, fetch(path, { method: "HEAD" }).then((answer) => (answer.ok ? answer.headers.get("Content-Type") || "" : ""), () => ""));
  }
  return types.get(path);
}

/** A link that opens beside the page. */
export const link = (url, words) => el("a", { href: ours(url) ?? url, target: "_blank", rel: "noopener noreferrer" }, words);

/** Plain words with their links alive: an array of nodes and texts. */
export function linked(text) {
  const found = [];
  let from = 0;
  for (const match of text.matchAll(LINKS)) {
    found.push(text.slice(from, match.index), link(match[0], short(match[0])));
    from = match.index + match[0].length;
  }
  return [...found, text.slice(from)];
}

/** The links to our own files in a text. */
export const files = (text) => (text.match(LINKS) ?? []).filter(ours);

/** A link's address as it is shown. */
export const short = (url) => (url.length > 48 ? `${url.slice(0, 40)}…` : url);
