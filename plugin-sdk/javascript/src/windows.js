// Windows of silence: what is alike is told once, and then, when its window is over, how many more there were.

import { fromText } from "./bytes.js";
import { digest } from "./digest.js";
import * as state from "./state.js";

// The longest key that is kept as it is.
const LONGEST_KEY = 255;

// About how many bytes of state a window takes.
const sizeOf = (window) => fromText(JSON.stringify(window)).length + 1;

export class Windows {
  #name;
  #most;
  #largest;
  #size = 0;
  #seconds;
  #open;
  #early = [];
  #changed = false;

  constructor({ seconds, most = 500, largest = 400_000, name = "windows" }) {
    this.#name = name;
    this.#most = most;
    this.#largest = largest;
    this.#seconds = seconds;
    this.#open = new Map(state.get(name, []).map((one) => [one.key, one]));
    for (const one of this.#open.values()) {
      this.#size += sizeOf(one);
    }
  }

  arrives(key, now, about) {
    if (this.#seconds <= 0) {
      return { tell: true, more: 0 };
    }
    const before = this.#open.get(key);
    this.#changed = true;
    if (before !== undefined && this.#lasts(before, now)) {
      before.more++;
      before.last = now;
      return { tell: false, more: 0 };
    }
    this.#take(key);
    const window = { key, since: now, until: now + this.#seconds, more: 0, last: now, about };
    this.#open.set(key, window);
    this.#size += sizeOf(window);
    // What came last stays, whatever its size.
    while (this.#open.size > 1 && (this.#open.size > this.#most || this.#size > this.#largest)) {
      const [oldest] = this.#open.keys();
      this.#early.push(this.#take(oldest));
    }
    return { tell: true, more: before?.more ?? 0 };
  }

  add(key, count = 1) {
    const one = this.#open.get(key);
    if (one !== undefined) {
      one.more += count;
      this.#changed = true;
    }
    return one !== undefined;
  }

  close(key) {
    return this.#take(key)?.more ?? 0;
  }

  // One that lies in the future is left over from a clock that was wrong. (Turns that are tried again for long are a little behind.)
  #lasts(window, now) {
    return window.since - this.#seconds <= now && now < window.until;
  }

  #take(key) {
    const one = this.#open.get(key);
    if (one !== undefined) {
      this.#open.delete(key);
      this.#size -= sizeOf(one);
      this.#changed = true;
    }
    return one;
  }

  ended(now) {
    const over = this.#early;
    this.#early = [];
    for (const one of this.#open.values()) {
      if (!this.#lasts(one, now)) {
        over.push(this.#take(one.key));
      }
    }
    return over.filter((one) => one.more > 0);
  }

  save() {
    if (!this.#changed) {
      return;
    }
    if (this.#open.size === 0) {
      state.remove(this.#name);
    } else {
      state.set(this.#name, [...this.#open.values()]);
    }
    this.#changed = false;
  }
}

export function keyOf(text, longest = LONGEST_KEY) {
  if (text.length <= longest) {
    return text;
  }
  const tail = `#${digest(text).slice(0, 32)}`;
  return text.slice(0, longest - tail.length).toWellFormed() + tail;
}
