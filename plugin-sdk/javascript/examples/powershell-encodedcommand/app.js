// Server.Powershell.EncodedCommand: decodes the commands that were given to PowerShell in base64.
//
// A command line goes through `command.js` (which programs are in it, once cmd is done), `argv.js` (what its arguments are, once the C runtime is
// done), `parameters.js` (which of them is the payload, by PowerShell's rules) and `payload.js` (what it says).

import { Artifact } from "watchbox-sdk";

import { shells } from "./command.js";
import * as parameters from "./parameters.js";
import * as payload from "./payload.js";

// Every encoded command in a command line, in order: the script, and what is odd about it as words with commas between them.
export function* decode(commandLine) {
  for (const [shell, given] of shells(commandLine)) {
    const found = parameters.payload(shell, given);
    const script = found && payload.decode(found.payload, found.oddities);
    if (script !== undefined) {
      yield { script, oddities: found.oddities.join(",") };
    }
  }
}

// The artifact. It has no parameters.
export default class EncodedCommand extends Artifact {
  *events(batch) {
    for (const { ClientId, ParentInfo = null, CommandLine, Timestamp = null } of batch) {
      if (typeof CommandLine !== "string") {
        continue;
      }
      for (const { script, oddities } of decode(CommandLine)) {
        yield { ClientId, ParentInfo, CommandLine, Timestamp, Script: script, Oddities: oddities };
      }
    }
  }
}
