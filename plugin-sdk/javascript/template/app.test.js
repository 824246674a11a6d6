import assert from "node:assert/strict";
import { test } from "node:test";

import { World } from "watchbox-sdk/testing";
import LongCommands from "./app.js";

test("only long ones become rows", () => {
  const rows = new World().install(LongCommands, { Longest: 5 }).events("Windows.Events.ProcessCreation", [
    { ClientId: "C.1", CommandLine: "short" },
    { ClientId: "C.2", CommandLine: "longer" },
    { ClientId: "C.3", CommandLine: null },
  ]);
  assert.deepEqual(rows, [{ ClientId: "C.2", CommandLine: "longer", Length: 6 }]);
});
