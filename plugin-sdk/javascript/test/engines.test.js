// Text and bytes as an engine without TextEncoder and TextDecoder does them, which is how QuickJS runs.

import assert from "node:assert/strict";
import { test } from "node:test";

// Node lacks what QuickJS has.
Uint8Array.prototype.toBase64 ??= function () {
  return Buffer.from(this).toString("base64");
};
Uint8Array.fromBase64 ??= (text) => new Uint8Array(Buffer.from(text, "base64"));
const { TextDecoder, TextEncoder } = globalThis;
delete globalThis.TextDecoder;
delete globalThis.TextEncoder;
const { fromAscii, fromText, toAscii, toText } = await import("../src/bytes.js");
Object.assign(globalThis, { TextDecoder, TextEncoder });

test("text is UTF-8 both ways", () => {
  for (const text of ["", "plain", "ü 😀 \0 \u{10ffff}"]) {
    assert.deepEqual(fromText(text), new TextEncoder().encode(text));
    assert.equal(toText(new TextEncoder().encode(text)), text);
  }
  assert.deepEqual(fromText("x\ud83d"), new TextEncoder().encode("x\ufffd"));
  assert.equal(toAscii(fromAscii('{"a":1}')), '{"a":1}');
});

test("bytes that are no UTF-8 become U+FFFD as everywhere", () => {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let seed = 7;
  for (let round = 0; round < 2000; round++) {
    const array = Uint8Array.from({ length: round % 9 }, () => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return [0x41, 0x80, 0xbf, 0xc3, 0xe0, 0xed, 0xa0, 0xf0, 0x9f, 0xf4, 0xff][seed % 11];
    });
    assert.equal(toText(array), decoder.decode(array), `${array}`);
  }
});
