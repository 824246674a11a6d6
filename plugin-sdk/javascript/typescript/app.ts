// Tells of processes with a long command line: an artifact to start from.

import { Artifact, type Batch } from "watchbox-sdk";

export default class LongCommands extends Artifact<{ Longest: number }> {
  *events(batch: Batch) {
    for (const event of batch) {
      const line = event.CommandLine;
      // Columns come from endpoints: never trust their presence or type.
      if (typeof line === "string" && line.length > this.parameters.Longest) {
        yield { ClientId: event.ClientId, CommandLine: line, Length: line.length };
      }
    }
  }
}
