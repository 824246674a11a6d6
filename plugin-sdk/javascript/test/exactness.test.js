// The rules of the JSON form, each from the host to the artifact and back.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Artifact, bytes, fromBytes, integer } from "../src/index.js";
import { Fault, toGuest, World } from "../src/testing.js";
import { rowsToHost } from "../src/values.js";

const json = (...rows) => new TextDecoder().decode(rowsToHost(rows));

// What a column of this value is to the artifact; it must come back the same.
function echo(value) {
  let seen;
  class Echo extends Artifact {
    *events(batch) {
      for (const event of batch) {
        seen = event.a;
        yield event;
      }
    }
  }
  const back = new World().install(Echo).events("X", [{ a: value }]);
  assert.deepEqual(back, [{ a: seen }]);
  return seen;
}

function emitted(...rows) {
  class Given extends Artifact {
    tick() {
      return rows;
    }
  }
  return new World().install(Given).tick(0);
}

test("integers beyond 2^53-1 come as text, and BigInts go as text", () => {
  assert.equal(echo(2n ** 53n - 1n), Number.MAX_SAFE_INTEGER);
  assert.equal(echo(2n ** 53n), "9007199254740992");
  assert.equal(echo(-(2n ** 63n)), "-9223372036854775808");
  assert.equal(integer("18446744073709551615"), 2n ** 64n - 1n);
  assert.equal(integer("-7"), -7);
  assert.equal(integer(7), 7);
  assert.equal(json({ a: 2n ** 64n - 1n, b: { c: [1n] } }), '[{"a":"18446744073709551615","b":{"c":["1"]}}]');
  for (const wrong of ["x", "1.5", "", null, true, 1.5, 2 ** 53]) {
    assert.throws(() => integer(wrong), TypeError);
  }
});

test("bytes are base64 both ways", () => {
  assert.equal(echo(Uint8Array.of(255, 0)), "/wA=");
  assert.deepEqual(bytes("/wA="), Uint8Array.of(255, 0));
  assert.equal(fromBytes(new Uint8Array(20_000)).length, 26_668);
  assert.deepEqual(emitted({ a: Uint8Array.of(255, 0), b: [Buffer.from("x")] }), [{ a: "/wA=", b: ["eA=="] }]);
  for (const wrong of ["~", "a", 5, null]) {
    assert.throws(() => bytes(wrong), TypeError);
  }
});

test("what is not finite comes as null, and may not go", () => {
  for (const value of [NaN, Infinity, -Infinity]) {
    assert.equal(echo(value), null);
    assert.throws(() => emitted({ ok: 1 }, { Share: value }), (error) => {
      assert(error instanceof Fault);
      assert.match(error.message, new RegExp(`^RangeError: row 1, column \`Share\`: ${value} is no JSON; use null in its place`));
      return true;
    });
    assert.throws(() => emitted({ deep: { in: [value] } }), /column `deep`/);
  }
});

test("nested maps keep their shape and order", () => {
  const value = { z: [1, { y: null, a: [true, 0.5] }], a: {} };
  assert.deepEqual(echo(value), value);
  assert.deepEqual(Object.keys(echo(value)), ["z", "a"]);
  assert.equal(json({ b: 1, a: { d: 1, c: 2n } }), '[{"b":1,"a":{"d":1,"c":"2"}}]');
});

test("a lone surrogate goes as an escape that the host replaces", () => {
  assert.equal(json({ a: "x\ud83d" }), '[{"a":"x\\ud83d"}]');
  assert.equal(json({ a: "ü\u{1f600}" }), '[{"a":"\\u00fc\\ud83d\\ude00"}]');
});

test("both sides write ASCII", () => {
  assert(toGuest({ "ü": "😀\n\0" }).every((byte) => byte < 128));
  assert(rowsToHost([{ "ü": "😀\n\0" }]).every((byte) => byte < 128));
  assert.equal(echo("ü 😀 \0"), "ü 😀 \0");
});

test("what is no row is a fault by name", () => {
  assert.throws(() => emitted(7), /row 0: an object is wanted, not number/);
  assert.throws(() => emitted({}, [1]), /row 1: an object is wanted, not an array/);
  assert.throws(() => emitted({ a: new Map() }), /row 0, column `a`: a Map is nothing that a row can hold/);
  assert.throws(() => emitted({ a: () => 1 }), /row 0, column `a`: a function is nothing that a row can hold/);
  assert.equal(json({ a: undefined, b: 1 }), '[{"b":1}]');
  assert.equal(rowsToHost(undefined).length, 0);
});
