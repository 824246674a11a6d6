// What an artifact is, and the events that it is given.

import { Reject } from "./failure.js";

// Events of one log, oldest first.
export class Batch {
  constructor(artifact, events) {
    this.artifact = artifact;
    this.events = events;
    this.length = events.length;
  }

  // Hands out one result, filled anew for each event. SpiderMonkey, which compiles nothing in here, is through a batch a fifth faster by it than by
  // an array's own iterator, and QuickJS no slower than by 2 %.
  [Symbol.iterator]() {
    const { events, length } = this;
    const result = { value: undefined, done: false };
    let at = 0;
    return {
      next() {
        result.done = at >= length;
        result.value = result.done ? undefined : events[at++];
        return result;
      },
      [Symbol.iterator]() {
        return this;
      },
    };
  }
}

export class Artifact {
  constructor(parameters) {
    this.parameters = parameters;
  }

  events(batch) {
    throw new Reject(`the manifest subscribes to ${batch.artifact}, but the artifact has no \`events\``);
  }

  tick() {
    throw new Reject("the manifest has a schedule, but the artifact has no `tick`");
  }
}
