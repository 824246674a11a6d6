// `console`, as an artifact has it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { consoleOver } from "../src/console.js";

// What one call writes.
function written(call) {
  const lines = [];
  const writes = (level) => (text) => lines.push(`${level} ${text}`);
  const log = { debug: writes("debug"), info: writes("info"), warn: writes("warn"), error: writes("error") };
  call(consoleOver(log, (error) => `${error.name}: ${error.message} (app.js:1)`));
  return lines;
}

test("values are written so that one sees what they are", () => {
  const values = ["text", 1, NaN, 10n, undefined, null, Symbol("s"), true, [1n, "a"], { a: undefined, n: Infinity }, new Map([["k", 1n]]), new Set([1])];
  assert.deepEqual(
    written((console) => console.log(...values)),
    ['info text 1 NaN 10 undefined null Symbol(s) true ["1","a"] {"a":"undefined","n":"Infinity"} {"k":"1"} [1]'],
  );
  const error = new TypeError("boom");
  assert.deepEqual(
    written((console) => console.error("failed", error, { why: error })),
    ['error failed TypeError: boom (app.js:1) {"why":"TypeError: boom (app.js:1)"}'],
  );
});

test("nothing that is written throws", () => {
  const circular = {};
  circular.self = circular;
  const trap = {
    get x() {
      throw new Error("no");
    },
  };
  const nothing = Object.create(null);
  const proxy = new Proxy({}, { get: () => { throw new Error("no"); } });
  assert.deepEqual(written((console) => console.warn(circular, trap, nothing)), ["warn (an object that can't be written) (an object that can't be written) {}"]);
  assert.deepEqual(written((console) => console.warn(proxy)), ["warn (an object that can't be written)"]);
});

test("what node's console has is there", () => {
  const lines = written((console) => {
    console.assert(true, "not told");
    console.assert(false, "told");
    console.trace("here");
    console.group("a group");
    console.groupEnd();
    console.time("t");
    console.timeEnd("t");
    console.count();
    console.dir({ a: 1 });
    console.table([1]);
  });
  assert.deepEqual(lines, ["error Assertion failed: told", "debug here", "info a group", 'info {"a":1}', "info [1]"]);
});
