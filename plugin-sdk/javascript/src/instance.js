// From the contract's handler to an Artifact: what `component.js` and `testing.js` share.

import { Batch } from "./artifact.js";
import { describe, Reject, Retry } from "./failure.js";
import { fromHost, rowsToHost } from "./values.js";

const LONGEST_WAIT_MS = 2 ** 32 - 1;

// The artifact threw what it did not expect; the message says what and where.
export class Fault extends Error {
  constructor(text) {
    super(text);
    this.name = "Fault";
  }
}

// An instance of an artifact: one configuration and any number of turns.
export class Instance {
  #kind;
  #places;
  #artifact;

  constructor(kind, places) {
    this.#kind = kind;
    this.#places = places;
  }

  // The contract's `configure`. Throws an Error with the text for the operator.
  configure(parameters) {
    try {
      this.#artifact = new this.#kind(fromHost(parameters));
    } catch (error) {
      throw new Error(error instanceof Reject || error instanceof Retry ? error.message : describe(error, this.#places));
    }
  }

  // Throws Retry, Reject or Fault.
  events(artifact, json) {
    return this.#turn((made) => made.events(new Batch(artifact, fromHost(json))));
  }

  // Throws Retry, Reject or Fault.
  tick(due) {
    return this.#turn((made) => made.tick({ due }));
  }

  #turn(call) {
    if (this.#artifact === undefined) {
      throw new Fault("`handle` came before `configure`");
    }
    try {
      // The rows of a generator are made in here, so that what it throws is caught as well.
      return rowsToHost(call(this.#artifact));
    } catch (error) {
      if (error instanceof Retry || error instanceof Reject) {
        throw error;
      }
      throw new Fault(describe(error, this.#places));
    }
  }
}

// A failure as the contract has it.
export function failure(error) {
  if (error instanceof Retry) {
    const afterMs = Math.max(0, Math.min(LONGEST_WAIT_MS, Math.round(error.after * 1000)));
    return { tag: "retry", val: { reason: error.message, afterMs } };
  }
  return { tag: error instanceof Reject ? "reject" : "fault", val: error.message };
}
