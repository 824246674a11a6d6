// Messages that were put off, kept until they can be sent.
//
// A connector that is asked too often answers 200, with the error in the text. For the host that settles the request: another try of the turn would be given the
// same answer again. So such a turn is not retried; its messages wait in `state` for a tick.

import { fromText } from "watchbox-sdk";
import * as state from "watchbox-sdk/state";

const KEY = "waiting";

// The first pause and the longest, in seconds.
const PAUSE = 10;
const LONGEST_PAUSE = 900;

// How many messages wait, and how many bytes they take. (The limit on state is a mebibyte, of which the windows have as much.)
const MOST = 100;
const LARGEST = 400_000;

// What a message is about, as rows tell it.
export interface Told {
  readonly Kind: "alert" | "summary";
  readonly Key: string;
  readonly ClientId: string;
  readonly Hostname: string;
  readonly More: number;
}

// A message that waits.
export interface PutOff {
  about: Told;
  body: string;
  // Names it: the number of messages that were put off before it, and how often it was tried since.
  nth: number;
  tries: number;
}

interface Kept {
  until: number;
  pause: number;
  count: number;
  messages: PutOff[];
}

export class Waiting {
  #kept: Kept;
  #now: number;
  #changed = false;

  constructor(now: number) {
    this.#kept = state.get<Kept>(KEY) ?? { until: 0, pause: PAUSE, count: 0, messages: [] };
    this.#now = now;
  }

  // Whether a new message has to wait as well: the connector was asked too often just now, or others come first.
  get holds(): boolean {
    return this.#kept.messages.length > 0 || this.#now < this.#kept.until;
  }

  // The message that is to be sent next, if it is time.
  get due(): PutOff | undefined {
    return this.#now < this.#kept.until ? undefined : this.#kept.messages[0];
  }

  // Puts a message off; false where there is no room.
  putOff(message: Omit<PutOff, "nth" | "tries">): boolean {
    const { messages } = this.#kept;
    const held = [...messages, message].reduce((sum, one) => sum + fromText(JSON.stringify(one)).length, 0);
    if (messages.length >= MOST || held > LARGEST) {
      return false;
    }
    messages.push({ ...message, nth: this.#kept.count++, tries: 0 });
    this.#changed = true;
    return true;
  }

  // The connector asks for patience.
  pause(after: number) {
    const seconds = Math.max(after, this.#kept.pause);
    this.#kept.until = this.#now + seconds;
    this.#kept.pause = Math.min(2 * this.#kept.pause, LONGEST_PAUSE);
    const [first] = this.#kept.messages;
    if (first !== undefined) {
      first.tries++;
    }
    this.#changed = true;
  }

  // The message that was due is over, and the connector answers again.
  done() {
    this.#kept.messages.shift();
    this.#kept.pause = PAUSE;
    this.#changed = true;
  }

  // Keeps them for the next turn.
  save() {
    if (this.#changed) {
      state.set(KEY, this.#kept);
    }
  }
}
