// @ts-check
// Tells of processes with a long command line: an artifact to start from.

import { Artifact } from "watchbox-sdk";

/** @extends {Artifact<{Longest: number}>} */
export default class LongCommands extends Artifact {
  /** @param {import("watchbox-sdk").Batch} batch */
  *events(batch) {
    for (const event of batch) {
      const line = event.CommandLine;
      // Columns come from endpoints: never trust their presence or type.
      if (typeof line === "string" && line.length > this.parameters.Longest) {
        yield { ClientId: event.ClientId, CommandLine: line, Length: line.length };
      }
    }
  }
}
