// Messages that were put off, kept until they can be sent.
//
// A connector that is asked too often answers 200, with the error in the text. For the host that settles the request: another try of the turn would be given the
// same answer again. So such a turn is not retried; its messages wait in `state` for a tick.

import { fromText, toText } from "watchbox-sdk";
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
  // When the connector asked for patience, and until when.
  since: number;
  until: number;
  pause: number;
  count: number;
  // How many rows are told in no message, as there was no room for more.
  untold: number;
  messages: PutOff[];
}

const NOTHING: Kept = { since: 0, until: 0, pause: PAUSE, count: 0, untold: 0, messages: [] };

// How many bytes of state a message takes.
const sizeOf = (message: PutOff) => fromText(JSON.stringify(message)).length + 1;

export class Waiting {
  #kept: Kept;
  // About how many bytes the messages take.
  #size: number;
  #now: number;
  #changed = false;

  constructor(now: number) {
    const kept = state.getBytes(KEY);
    this.#size = kept?.length ?? 0;
    this.#kept = { ...NOTHING, messages: [], ...(kept === undefined ? {} : JSON.parse(toText(kept))) };
    this.#now = now;
  }

  // A pause that lies in the future by more than its length is left over from a clock that was wrong.
  get #isPaused(): boolean {
    const { since, until } = this.#kept;
    return since - (until - since) <= this.#now && this.#now < until;
  }

  // Whether a new message has to wait as well: the connector was asked too often just now, or others come first.
  get holds(): boolean {
    return this.#kept.messages.length > 0 || this.#isPaused;
  }

  // The message that is to be sent next, if it is time.
  get due(): PutOff | undefined {
    return this.#isPaused ? undefined : this.#kept.messages[0];
  }

  // Puts a message off; false where there is no room.
  putOff(message: Omit<PutOff, "nth" | "tries">): boolean {
    const { messages, count } = this.#kept;
    if (messages.length >= MOST) {
      return false;
    }
    const putOff = { ...message, nth: count, tries: 0 };
    const size = sizeOf(putOff);
    if (this.#size + size > LARGEST) {
      return false;
    }
    messages.push(putOff);
    this.#size += size;
    this.#kept.count++;
    this.#changed = true;
    return true;
  }

  // Counts rows that no message tells of.
  addUntold(count: number) {
    this.#kept.untold += count;
    this.#changed = true;
  }

  // Takes their number out, once nothing waits any more; 0 before.
  takeUntold(): number {
    const { untold, messages } = this.#kept;
    if (untold === 0 || messages.length > 0) {
      return 0;
    }
    this.#kept.untold = 0;
    this.#changed = true;
    return untold;
  }

  // The connector asks for patience.
  pause(after: number) {
    const seconds = Math.max(after, this.#kept.pause);
    this.#kept.since = this.#now;
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
    const first = this.#kept.messages.shift();
    this.#size -= first === undefined ? 0 : sizeOf(first);
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
