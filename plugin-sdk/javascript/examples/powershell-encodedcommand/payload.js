// What a payload says: base64 of UTF-16, little end first, or what is left or made of it.

import { toText } from "watchbox-sdk";

import { look } from "./script.js";

// How many bytes must stand before a character that is not base64 for the whole to count as a payload and not as a word.
const MIN_BEFORE_JUNK = 16;

// The script in a payload; undefined where there is none to speak of. Notes what is odd about it.
export function decode(payload, oddities) {
  const letters = content(payload, oddities);
  if (letters === undefined) {
    return undefined;
  }
  if (letters.startsWith("\x1f\x8b\x08")) {
    oddities.push("gzip");
  }
  const script = text(letters, oddities);
  if (script === "") {
    return undefined;
  }
  if (/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/.test(script)) {
    oddities.push("control-characters");
  }
  look(script, oddities);
  return script;
}

// The bytes of a payload, a letter each, as far as it is base64. White space in it is passed over, as .NET does.
function content(payload, oddities) {
  const symbols = payload.replace(/[ \t\r\n]/g, "");
  let [plain] = /^[A-Za-z0-9+/]*/.exec(symbols);
  const padding = symbols.slice(plain.length);
  const padded = /^=*$/.test(padding);
  if (!padded) {
    oddities.push("not-base64");
  } else if (symbols.length % 4 !== 0 || padding.length > 2) {
    oddities.push("truncated");
  }
  // A single symbol behind the last quantum holds no whole byte.
  if (plain.length % 4 === 1) {
    plain = plain.slice(0, -1);
  }
  const letters = atob(plain.padEnd(Math.ceil(plain.length / 4) * 4, "="));
  return letters !== "" && (padded || letters.length >= MIN_BEFORE_JUNK) ? letters : undefined;
}

// The text of a payload's bytes.
function text(letters, oddities) {
  const utf8 = fromUtf8(letters);
  if (utf8 !== undefined) {
    oddities.push("not-utf16");
    return utf8;
  }
  if (letters.length % 2 === 1 && !oddities.includes("truncated")) {
    oddities.push("truncated");
  }
  const units = letters.length >> 1;
  // ASCII, which every script has some of, tells which end comes first.
  let little = 0;
  let big = 0;
  for (let at = 0; at < units; at++) {
    const [even, odd] = [letters.charCodeAt(2 * at), letters.charCodeAt(2 * at + 1)];
    little += odd === 0 && even !== 0 ? 1 : 0;
    big += even === 0 && odd !== 0 ? 1 : 0;
  }
  const bigEnd = letters.startsWith("\xfe\xff") || big > little;
  if (bigEnd) {
    oddities.push("utf-16be");
  }
  let script = "";
  for (let at = 0; at < units; at++) {
    const [even, odd] = [letters.charCodeAt(2 * at), letters.charCodeAt(2 * at + 1)];
    script += String.fromCharCode(bigEnd ? (even << 8) | odd : even | (odd << 8));
  }
  if (!script.isWellFormed()) {
    oddities.push("lone-surrogate");
    script = script.toWellFormed();
  }
  if (script.startsWith("\ufeff")) {
    oddities.push("bom");
  }
  return script;
}

// The bytes as UTF-8, if that is what they are. UTF-16 of a script is not: its ASCII brings zeros along.
function fromUtf8(letters) {
  if (letters.length <= 2 || /[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f]/.test(letters)) {
    return undefined;
  }
  const read = toText(Uint8Array.from(letters, (letter) => letter.charCodeAt(0)));
  // A U+FFFD of its own would be three bytes of the payload.
  const wrong = read.includes("\ufffd") && !letters.includes("\xef\xbf\xbd");
  return wrong || /[\x80-\x9f]/.test(read) ? undefined : read;
}
