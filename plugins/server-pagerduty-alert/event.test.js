import assert from "node:assert/strict";
import { test } from "node:test";

import { body, resolve, summary, trigger } from "./event.js";
import { severityOf } from "./severity.js";

const ALERT = { clientId: "C.1", hostname: "WS-1", log: "X", time: "2023-11-14 22:13:20 UTC", received: "2023-11-14T22:13:20.000Z" };

const made = (columns, more = {}, alert = {}) => JSON.parse(trigger({ ...ALERT, ...alert }, { key: "k", severity: "error", summary: "a summary", columns, more: 0, ...more }));

test("an event has what PagerDuty wants", () => {
  assert.deepEqual(made([["A", 1], ["B", { c: ["x", null] }]]), {
    event_action: "trigger",
    dedup_key: "k",
    client: "watchbox",
    payload: {
      summary: "a summary",
      source: "WS-1",
      severity: "error",
      component: "X",
      timestamp: "2023-11-14T22:13:20.000Z",
      custom_details: { client_id: "C.1", hostname: "WS-1", log: "X", received: "2023-11-14 22:13:20 UTC", row: { A: 1, B: { c: ["x", null] } } },
    },
  });
  assert.equal(made([], { more: 3 }).payload.custom_details.more_before_it, 3);
  assert.deepEqual(JSON.parse(resolve("k")), { event_action: "resolve", dedup_key: "k", client: "watchbox" });
  const over = JSON.parse(summary({ summary: "s", severity: "info", clientId: "C.1", hostname: "" }, { key: "k", log: "X", more: 2, from: "f", to: "t" }));
  assert.deepEqual([over.event_action, over.dedup_key, over.payload.summary, over.payload.severity, over.payload.source], ["trigger", "k", "2 more: s", "info", "C.1"]);
});

test("the routing key stands in the body and is not there", () => {
  const parts = body('{"event_action":"resolve"}');
  assert.equal(parts[1].parameter, "routing_key");
  assert.equal(`${parts[0]}KEY${parts[2]}`, '{"routing_key":"KEY","event_action":"resolve"}');
});

test("what must be there is there, and not too long", () => {
  const { payload } = made([], { summary: " " }, { hostname: "", received: undefined });
  assert.deepEqual([payload.summary, payload.source, "timestamp" in payload], ["X", "C.1", false]);
  for (const letter of ["x", "\u202e", "\u{1f600}", "\ud800"]) {
    const { payload } = made([], { summary: letter.repeat(3_000) }, { hostname: letter.repeat(3_000) });
    assert.ok(payload.summary.length <= 1_024 && payload.source.length <= 255, letter);
    assert.ok(payload.summary.endsWith("… (cut)") && payload.summary.isWellFormed(), letter);
  }
  assert.equal(made([], { summary: "x".repeat(1_024) }).payload.summary.length, 1_024);
});

test("columns are shown, not obeyed, and can't pass for what the server knows", () => {
  const { payload, ...rest } = made(
    [["exe.\u202egpj", "a\u0000\nb"], ["client_id", "forged"], ["__proto__", { x: "\u001b[31m" }], ["routing_key", "forged"]],
    { summary: "a\u202eb\r\n" },
    { hostname: "h\u0007" },
  );
  assert.equal(payload.summary, "a<U+202E>b␍␊");
  assert.equal(payload.source, "h␇");
  assert.equal(payload.custom_details.client_id, "C.1");
  assert.deepEqual(Object.entries(payload.custom_details.row), [
    ["exe.<U+202E>gpj", "a␀␊b"],
    ["client_id", "forged"],
    ["__proto__", { x: "␛[31m" }],
    ["routing_key", "forged"],
  ]);
  assert.deepEqual(Object.keys(rest), ["event_action", "dedup_key", "client"]);
});

test("an event is never larger than PagerDuty takes, and says what is cut", () => {
  const deep = JSON.parse(`${"[".repeat(500)}${"]".repeat(500)}`);
  for (const columns of [
    [["A", "x".repeat(5_000_000)]],
    Array.from({ length: 3_000 }, (_, nth) => [`n${nth}`, "x".repeat(3_000)]),
    Array.from({ length: 3_000 }, (_, nth) => ["\u202e".repeat(500) + nth, "\u202e\"".repeat(300)]),
    [["A", Array.from({ length: 50_000 }, () => "xxxx")]],
    [["A", deep]],
  ]) {
    const json = trigger(ALERT, { key: "k", severity: "error", summary: "s", columns, more: 0 });
    assert.ok(new TextEncoder().encode(json).length <= 512 * 1024);
    JSON.parse(json);
  }
  assert.match(made([["A", "x".repeat(5_000_000)]]).payload.custom_details.row.A, /^x{50000}… \(4950000 more characters\)$/);
  assert.equal(made(Array.from({ length: 1_001 }, (_, nth) => [`n${nth}`, nth])).payload.custom_details.columns_left_out, 1);
});

test("severities, in the words of others", () => {
  const words = ["critical", " CRITICAL ", "fatal", "high", "Medium", "warn", "informational", "low", "", "no word"];
  assert.deepEqual(words.map(severityOf), ["critical", "critical", "critical", "error", "warning", "warning", "info", "info", "error", "error"]);
});
