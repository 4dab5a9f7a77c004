// Slack's markup as nodes: *bold*, _italic_, ~struck~, `code`, <links>, and the three escaped letters.

import { el } from "./dom.js";
import { link, short } from "./media.js";

const TOKENS = /<(https?:[^|>]+)(?:\|([^>]*))?>|(https?:\/\/[^\s<>|]+[^\s<>|.,;:!?)\]])|`([^`\n]+)`|(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])|(?<![\w_])_(?=\S)([^_\n]+?)(?<=\S)_(?![\w_])|(?<![\w~])~(?=\S)([^~\n]+?)(?<=\S)~(?![\w~])/g;
const LETTERS = { "&lt;": "<", "&gt;": ">", "&amp;": "&" };

/** The letters that Slack wants escaped, as they are meant. */
export const plain = (text) => text.replace(/&(?:lt|gt|amp);/g, (found) => LETTERS[found]);

/** mrkdwn as an array of nodes and texts. */
export function mrkdwn(text) {
  const found = [];
  let from = 0;
  for (const match of text.matchAll(TOKENS)) {
    const [whole, url, words, bare, code, bold, italic, struck] = match;
    found.push(plain(text.slice(from, match.index)));
    if (url || bare) found.push(link(plain(url ?? bare), plain(words ?? short(url ?? bare))));
    else if (code) found.push(el("code", {}, plain(code)));
    else if (bold) found.push(el("strong", {}, mrkdwn(bold)));
    else if (italic) found.push(el("em", {}, mrkdwn(italic)));
    else found.push(el("s", {}, mrkdwn(struck)));
    from = match.index + whole.length;
  }
  return [...found, plain(text.slice(from))];
}

/** A text object of Block Kit. */
export const words = (object) => (object.type === "mrkdwn" ? mrkdwn(object.text) : [object.text]);

/** The links in a message, as addresses. */
export const addresses = (text) => [...text.matchAll(/<(https?:[^|>]+)/g), ...text.matchAll(/(?<![<|])\b(https?:\/\/[^\s<>|]+)/g)].map((found) => plain(found[1]));
