// What an artifact is.

import { Reject } from "./failure.js";

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
