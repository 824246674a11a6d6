// SHA-256, since the engines have no crypto.

import { fromText } from "./bytes.js";

const CONSTANTS = new Uint32Array(64);
const START = new Uint32Array(8);

// They are the first bits of the fractional parts of the roots of the first primes: the cube roots' for each round, the square roots' to start with.
for (let number = 2, found = 0; found < 64; number++) {
  if (isPrime(number)) {
    if (found < 8) {
      START[found] = (number ** (1 / 2) % 1) * 2 ** 32;
    }
    CONSTANTS[found++] = (number ** (1 / 3) % 1) * 2 ** 32;
  }
}

function isPrime(number) {
  for (let other = 2; other * other <= number; other++) {
    if (number % other === 0) {
      return false;
    }
  }
  return true;
}

export function digest(text) {
  const given = fromText(text);
  const bytes = new Uint8Array(Math.ceil((given.length + 9) / 64) * 64);
  bytes.set(given);
  bytes[given.length] = 0x80;
  const view = new DataView(bytes.buffer);
  view.setUint32(bytes.length - 8, Math.floor(given.length / 2 ** 29));
  view.setUint32(bytes.length - 4, given.length << 3);
  const hash = START.slice();
  const words = new Uint32Array(64);
  for (let at = 0; at < bytes.length; at += 64) {
    block(hash, words, view, at);
  }
  return Array.from(hash, (word) => word.toString(16).padStart(8, "0")).join("");
}

const turned = (word, by) => (word >>> by) | (word << (32 - by));

function block(hash, words, view, at) {
  for (let nth = 0; nth < 16; nth++) {
    words[nth] = view.getUint32(at + 4 * nth);
  }
  for (let nth = 16; nth < 64; nth++) {
    const [old, late] = [words[nth - 15], words[nth - 2]];
    const first = turned(old, 7) ^ turned(old, 18) ^ (old >>> 3);
    const second = turned(late, 17) ^ turned(late, 19) ^ (late >>> 10);
    words[nth] = words[nth - 16] + first + words[nth - 7] + second;
  }
  let [a, b, c, d, e, f, g, h] = hash;
  for (let nth = 0; nth < 64; nth++) {
    const chosen = (e & f) ^ (~e & g);
    const most = (a & b) ^ (a & c) ^ (b & c);
    const first = (h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + chosen + CONSTANTS[nth] + words[nth]) | 0;
    const second = ((turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + most) | 0;
    // Not as one assignment of arrays, which makes two of them each time.
    h = g;
    g = f;
    f = e;
    e = (d + first) | 0;
    d = c;
    c = b;
    b = a;
    a = (first + second) | 0;
  }
  const ends = [a, b, c, d, e, f, g, h];
  for (let nth = 0; nth < 8; nth++) {
    hash[nth] += ends[nth];
  }
}

export class Names {
  #given = new Map();

  of(...parts) {
    const name = digest(JSON.stringify(parts)).slice(0, 32);
    const nth = this.#given.get(name) ?? 0;
    this.#given.set(name, nth + 1);
    return nth === 0 ? name : `${name}-${nth}`;
  }
}
