// What `watchbox build` makes a component's entry of. Not for artifacts to use.

import { checkDeclared, play } from "./host.js";
import { consoleOver } from "./console.js";
import { describe } from "./failure.js";
import { failure, Instance } from "./instance.js";
import * as log from "./log.js";

// The contract's handler for an artifact, over the imports that the manifest declares.
export function handler(kind, imports) {
  play(imports);
  checkDeclared();
  redirectConsole();
  const instance = new Instance(kind, places);
  return {
    configure(parameters) {
      try {
        instance.configure(parameters);
      } catch (error) {
        throw error.message;
      }
    },
    handle(trigger) {
      try {
        return trigger.tag === "events" ? instance.events(trigger.val.artifact, trigger.val.rows) : instance.tick(trigger.val.due);
      } catch (error) {
        throw failure(error);
      }
    },
  };
}

// Where a line of the bundle comes from, by the table that `watchbox build` puts at the bundle's end: the files, and in
// `lines` the number of a file and of its line for each line of the bundle; -1 for lines that come from nowhere.
function places(line) {
  const table = globalThis.__watchbox_places;
  const at = table?.lines[line - 1];
  return at === undefined || at[0] < 0 ? [] : [table.files[at[0]], at[1]];
}

// What an artifact prints goes to the log, since there is nothing else to write to.
function redirectConsole() {
  globalThis.console = consoleOver(log, (error) => describe(error, places));
}
