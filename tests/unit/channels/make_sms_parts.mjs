// Remakes sms_parts.json, what Twilio's own calculator says of ordinary and hostile texts.
//
// Outside the repository, so that it needs no package.json:
//   cd "$(mktemp -d)" && npm install sms-segments-calculator@1.3.0 && node <repository>/tests/unit/channels/make_sms_parts.mjs
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const { SegmentedMessage } = createRequire(`${process.cwd()}/`)("sms-segments-calculator");

let state = 20261122;
function below(limit) {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * limit);
}

const plain = [..."abcdefghijklmnopqrstuvwxyz    ABCDEFGHIJ0123456789.,!?'\"@£$%&()\n\r"];
const accents = [..."éèùìòÇØøÅåÄÖÑÜäöñüà¿¡ΔΦΓΛΩΠΨΣΘΞ§ßÆæÉ¤"];
const escaped = [..."^{}\\[~]|€\f"];
const outside = [..."áíóúçêёжшالمعरकしたの漢字“”‘’–—…\u00a0\u200b\t`´•→"];
const flags = ["🇩🇪", "🇺🇸", "🇲🇽", "🇮🇳"];
const clusters = [
  "😀", "👍🏽", "❤️", "👨‍👩‍👧‍👦", "👩🏿‍🚒", "🏳️‍🌈", "👩‍❤️‍💋‍👨", "1️⃣", "2️⃣", "☝🏻", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🧑‍🦽", "e\u0301", "n\u0303", "Z\u0351\u036b\u0343",
  "नि", "क्षि", "தொ", "กำ", "각", "한", "ᄒ\u1161ᆫ", "ﷺ", "𝒳", "𐍈", "\r\n", "🤌🏽", "🧔🏾",
];

function joined(length, ...alphabets) {
  const alphabet = alphabets.flat();
  return Array.from({ length }, () => alphabet[below(alphabet.length)]).join("");
}

const texts = ["", " ", "\n", "\r\n", "\f", "€", "’", "😀", "👨‍👩‍👧‍👦"];
for (const one of ["a", "€", "^", "é", "’", "я", "😀", "👍🏽", "👨‍👩‍👧‍👦", "🇩🇪", "\r\n", "e\u0301", "नि", "漢"]) {
  const width = one.length;
  for (const room of [70, 134, 160, 306]) {
    for (const more of [-1, 0, 1]) texts.push(one.repeat(Math.max(1, Math.floor(room / width) + more)));
  }
}
// An escape pair, a surrogate pair or a cluster at each place around a seam.
for (let before = 148; before <= 160; before++) texts.push("a".repeat(before) + "€" + "b".repeat(20));
for (let before = 300; before <= 308; before++) texts.push("a".repeat(before) + "{}" + "b".repeat(9));
for (let before = 60; before <= 71; before++) {
  for (const cluster of ["😀", "👨‍👩‍👧‍👦", "🇩🇪🇺🇸", "क्षि"]) texts.push("ж".repeat(before) + cluster + "ш".repeat(8));
}
for (let round = 0; round < 14; round++) {
  texts.push(joined(1 + below(400), plain));
  texts.push(joined(1 + below(400), plain, accents));
  texts.push(joined(1 + below(400), plain, escaped));
  texts.push(joined(1 + below(330), escaped));
  texts.push(joined(1 + below(300), plain, outside));
  texts.push(joined(1 + below(200), plain, clusters));
  texts.push(joined(1 + below(120), clusters));
  texts.push(joined(1 + below(120), plain, flags.map((flag) => `${flag} `), clusters, escaped, outside));
}

const seen = [...new Set(texts)].map((text) => {
  const message = new SegmentedMessage(text);
  const ucs2 = message.getEncodingName() === "UCS-2";
  return [text, message.segmentsCount, ucs2 ? "ucs2" : "gsm7", ucs2 ? text.length : message.numberOfCharacters];
});
const codes = (odd) => odd.split("").map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`).join("");
const escape = (json) => json.replace(/[\p{C}\p{M}\u2000-\u206f]/gu, codes);
const lines = seen.map((row) => escape(JSON.stringify(row)));
writeFileSync(new URL("sms_parts.json", import.meta.url), `[\n${lines.join(",\n")}\n]\n`);
console.log(`${seen.length} texts`);
