// Windows of silence: what is alike is told once, and then, when its window is over, how many more there were.

import { digest } from "./digest.js";
import * as state from "./state.js";

// The longest key that is kept as it is.
const LONGEST_KEY = 255;

export class Windows {
  #name;
  #most;
  #seconds;
  #open;
  #early = [];
  #changed = false;

  constructor({ seconds, most = 500, name = "windows" }) {
    this.#name = name;
    this.#most = most;
    this.#seconds = seconds;
    this.#open = new Map(state.get(name, []).map((one) => [one.key, one]));
  }

  arrives(key, now, about) {
    if (this.#seconds <= 0) {
      return { tell: true, more: 0 };
    }
    const before = this.#open.get(key);
    this.#changed = true;
    if (before !== undefined && now < before.until) {
      before.more++;
      before.last = now;
      return { tell: false, more: 0 };
    }
    this.#open.delete(key);
    if (this.#open.size >= this.#most) {
      const [oldest] = this.#open.values();
      this.#open.delete(oldest.key);
      this.#early.push(oldest);
    }
    this.#open.set(key, { key, since: now, until: now + this.#seconds, more: 0, last: now, about });
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
    const one = this.#open.get(key);
    this.#changed = this.#open.delete(key) || this.#changed;
    return one?.more ?? 0;
  }

  ended(now) {
    const over = this.#early;
    this.#early = [];
    for (const one of this.#open.values()) {
      if (now >= one.until) {
        this.#open.delete(one.key);
        this.#changed = true;
        over.push(one);
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
