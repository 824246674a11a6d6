import assert from "node:assert/strict";
import { test } from "node:test";

import { message } from "./built.js";

const LARGEST = 28 * 1024;

const alert = (columns, more = {}) => ({ title: "A title", facts: [["Client", "C.1"], ["Host", ""], ["Log", "L"]], columns, ...more });

const card = (given) => {
  const { type, attachments } = JSON.parse(message(given));
  assert.equal(type, "message");
  assert.equal(attachments.length, 1);
  assert.equal(attachments[0].contentType, "application/vnd.microsoft.card.adaptive");
  return attachments[0].content;
};

// The lines of a card as they are read.
const lines = (given) => card(given).body.map((block) => block.inlines.map((inline) => inline.text).join(""));

// Every object within a value.
function* objects(value) {
  if (value !== null && typeof value === "object") {
    yield value;
    for (const inner of Object.values(value)) {
      yield* objects(inner);
    }
  }
}

test("a card says what is known, and the columns", () => {
  assert.deepEqual(lines(alert([["Name", "x"], ["Count", 3], ["None", null], ["Deep", { a: [true] }]])), [
    "A title",
    "Client: C.1",
    "Log: L",
    "Name: x",
    "Count: 3",
    "None: ",
    'Deep: {"a":[true]}',
  ]);
});

test("what an endpoint says is text and nothing else", () => {
  const hostile = [
    "[Sign in](https://evil.example/)",
    "**bold** _it_ # heading\n- list",
    "<at>Everyone</at>",
    "{{DATE(2017-02-14T06:00:00Z, SHORT)}} {{{TIME(2017-02-14T06:00:00Z)}}",
    "a\u202eb\u0000\u001b]8;;https://evil.example/\u0007",
    '"}]},{"type":"Action.OpenUrl","url":"https://evil.example/"',
  ];
  const given = alert([...hostile.map((text) => [text, text])], { title: hostile.join(" "), facts: hostile.map((text) => ["Client", text]) });
  const content = card(given);
  for (const object of objects(content)) {
    // Text runs render no Markdown; blocks and facts do. Nothing acts, and nobody is listed to be mentioned.
    assert.ok([undefined, "AdaptiveCard", "RichTextBlock", "TextRun"].includes(object.type), object.type);
    for (const name of ["actions", "selectAction", "entities", "url"]) {
      assert.ok(!(name in object), name);
    }
    if (object.type === "TextRun") {
      assert.ok(!/\{\{(DATE|TIME)\(|[\x00-\x1f\x7f-\x9f\u202a-\u202e]/.test(object.text), object.text);
    }
  }
  assert.deepEqual(Object.keys(content).sort(), ["$schema", "body", "fallbackText", "msteams", "type", "version"]);
  assert.deepEqual(content.msteams, { width: "Full" });
  const said = lines(given);
  assert.ok(said.some((line) => line.endsWith("[Sign in](https://evil.example/)")), "it is there to be read");
  assert.ok(said.some((line) => line.endsWith("{{DATE(2017-02-14T06:00:00Z, SHORT)}} {{{TIME(2017-02-14T06:00:00Z)}}")));
  assert.ok(said.some((line) => line.endsWith("a<U+202E>b␀␛]8;;https://evil.example/␇")));
});

test("a message is never larger than Teams takes, and says what is cut", () => {
  const many = (count, name, text) => alert(Array.from({ length: count }, (_, nth) => [name + nth, text]), { title: text });
  for (const given of [
    many(1, "n", "x".repeat(1_000_000)),
    many(200, "n".repeat(3_000), "x".repeat(10_000)),
    many(41, "n", "short"),
    many(60, "\u202e".repeat(200), "\u202e".repeat(5_000)),
    many(60, "\u{1f600}".repeat(90), '"\\\u0007'.repeat(2_000)),
    many(60, "n", "{{DATE(".repeat(2_000)),
  ]) {
    const bytes = new TextEncoder().encode(message(given)).length;
    assert.ok(bytes < LARGEST, String(bytes));
  }
  assert.match(lines(many(1, "n", "x".repeat(1_000_000)))[3], /^n0: x+… \(\d+ more characters\)$/);
  assert.equal(lines(many(41, "n", "short")).at(-1), "… and 1 more columns");
  assert.equal(lines(many(40, "n", "short")).at(-1), "n39: short");
  assert.match(lines(many(60, "\u202e".repeat(200), "\u202e".repeat(5_000))).at(-1), /^… and (50|60) more columns$/);
});
