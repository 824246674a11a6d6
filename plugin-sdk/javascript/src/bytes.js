// Text, bytes and base64, in whatever the engine has: QuickJS knows base64 and no TextEncoder, SpiderMonkey and node know both or one of the two.

const ENCODER = typeof TextEncoder === "undefined" ? undefined : new TextEncoder();
const DECODER = typeof TextDecoder === "undefined" ? undefined : new TextDecoder();

// ASCII text as bytes.
export const fromAscii = ENCODER ? (text) => ENCODER.encode(text) : (text) => Uint8Array.fromBase64(btoa(text));

// Bytes that are ASCII as text. (An array of another realm is no `instanceof Uint8Array`.)
export const toAscii = DECODER ? (array) => DECODER.decode(array) : (array) => atob(array.toBase64());

// Bytes as base64 text.
export function toBase64(array) {
  if (typeof array.toBase64 === "function") {
    return array.toBase64();
  }
  let text = "";
  for (let at = 0; at < array.length; at += 8192) {
    text += String.fromCharCode(...array.subarray(at, at + 8192));
  }
  return btoa(text);
}

// The bytes of a column of the type `bytes`, which come as base64 text.
export function bytes(value) {
  if (typeof value !== "string" || !/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value)) {
    throw new TypeError(`base64 text is wanted, not ${JSON.stringify(value)}`);
  }
  const text = atob(value);
  const array = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) {
    array[at] = text.charCodeAt(at);
  }
  return array;
}

export const fromBytes = toBase64;

// Text as UTF-8.
export function fromText(text) {
  if (ENCODER) {
    return ENCODER.encode(text);
  }
  // Each byte becomes a letter of its own. A lone surrogate can't be written.
  return Uint8Array.fromBase64(btoa(unescape(encodeURIComponent(text.toWellFormed()))));
}

// UTF-8 as text; bytes that are none become U+FFFD.
export function toText(array) {
  if (DECODER) {
    return DECODER.decode(array);
  }
  const text = atob(array.toBase64());
  if (!/[^\x00-\x7f]/.test(text)) {
    return text;
  }
  try {
    return decodeURIComponent(escape(text));
  } catch {
    return lossy(array);
  }
}

// UTF-8 by hand, letter by letter, by the rules of the encoding standard.
function lossy(array) {
  let text = "";
  let at = 0;
  while (at < array.length) {
    const head = array[at++];
    const more = head < 0x80 ? 0 : head < 0xc2 ? -1 : head < 0xe0 ? 1 : head < 0xf0 ? 2 : head < 0xf5 ? 3 : -1;
    if (more <= 0) {
      text += more === 0 ? String.fromCharCode(head) : "\ufffd";
      continue;
    }
    let point = head & (0x3f >> more);
    let low = head === 0xe0 ? 0xa0 : head === 0xf0 ? 0x90 : 0x80;
    let high = head === 0xed ? 0x9f : head === 0xf4 ? 0x8f : 0xbf;
    let taken = 0;
    while (taken < more && array[at] >= low && array[at] <= high) {
      point = (point << 6) | (array[at++] & 0x3f);
      [low, high] = [0x80, 0xbf];
      taken++;
    }
    text += taken === more ? String.fromCodePoint(point) : "\ufffd";
  }
  return text;
}

// Pieces, `length` bytes in all, as one.
export function joined(pieces, length) {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
