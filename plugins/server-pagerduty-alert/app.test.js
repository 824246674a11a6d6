import assert from "node:assert/strict";
import { test } from "node:test";

import { Response, World } from "watchbox-sdk/testing";
import PagerDutyAlert, { answerOf } from "./app.js";

const LOG = "X";
const PARAMETERS = {
  Log: LOG,
  Url: "https://events.pagerduty.com",
  Summary: "{Rule} on {alert.hostname}",
  Key: "{ClientId} {Rule}",
  Severity: "{Level}",
  Window: 300,
  ResolveColumn: "Over",
};
const accepted = () => new Response(202, {}, '{"status":"success","message":"Event processed","dedup_key":"k"}');

const event = (client, rule, more = {}) => ({ ClientId: client, _ts: 1_700_000_000, Rule: rule, Level: "high", ...more });

function installed(answers = [], parameters = {}, more = {}) {
  const world = new World({ clients: [{ id: "C.1", hostname: "WS-1" }], respond: () => answers.shift() ?? accepted(), ...more });
  return world.install(PagerDutyAlert, { ...PARAMETERS, ...parameters });
}

function at(now, pagerduty, ...events) {
  pagerduty.world.now = now;
  return pagerduty.events(LOG, events);
}

const sent = (request) => JSON.parse(request.body);

const outcomes = (rows) => rows.map((row) => [row.Kind, row.Key, row.Outcome, row.Status, row.More]);

test("each kind of row triggers once, and then how many more there were", () => {
  const pagerduty = installed();
  const rows = at(1000, pagerduty, event("C.1", "a"), event("C.1", "a"), event("C.2", "a", { Level: "low" }));
  assert.deepEqual(outcomes(rows), [["alert", "C.1 a", "sent", 202, 0], ["alert", "C.2 a", "sent", 202, 0]]);
  const [first, second] = pagerduty.world.requests;
  assert.equal(first.url, "https://events.pagerduty.com/v2/enqueue");
  const { routing_key, event_action, dedup_key, payload } = sent(first);
  assert.deepEqual([routing_key, event_action, dedup_key, payload.summary, payload.severity], ["{routing_key}", "trigger", "C.1 a", "a on WS-1", "error"]);
  assert.equal(sent(second).payload.severity, "info");
  assert.deepEqual(pagerduty.tick(1299), []);
  assert.deepEqual(outcomes(pagerduty.tick(1300)), [["summary", "C.1 a", "sent", 202, 1]]);
  const over = sent(pagerduty.world.requests.at(-1));
  assert.deepEqual([over.dedup_key, over.payload.summary, over.payload.severity], ["C.1 a", "1 more: a on WS-1", "error"]);
  assert.equal(pagerduty.world.state.size, 0);
});

test("a row can resolve what others triggered, once", () => {
  const pagerduty = installed();
  at(1000, pagerduty, event("C.1", "a"), event("C.1", "a"));
  const rows = at(1010, pagerduty, event("C.1", "a", { Over: true }), event("C.1", "a", { Over: "yes" }));
  assert.deepEqual(outcomes(rows), [["resolve", "C.1 a", "sent", 202, 1]]);
  const { event_action, dedup_key, payload } = sent(pagerduty.world.requests.at(-1));
  assert.deepEqual([event_action, dedup_key, payload], ["resolve", "C.1 a", undefined]);
  // Triggered again within the window, since it was over; and over again.
  assert.deepEqual(outcomes(at(1020, pagerduty, event("C.1", "a", { Over: false }), event("C.1", "a", { Over: 1 }))), [
    ["alert", "C.1 a", "sent", 202, 0],
    ["resolve", "C.1 a", "sent", 202, 0],
  ]);
  assert.deepEqual(pagerduty.tick(2000), []);
  assert.equal(pagerduty.world.state.size, 0);
  for (const Over of [null, "", "false", "No", "0", 0, false, undefined]) {
    assert.equal(at(3000, installed(), event("C.1", "a", { Over }))[0].Kind, "alert", String(Over));
  }
  assert.equal(at(3000, installed([], { ResolveColumn: "" }), event("C.1", "a", { Over: true }))[0].Kind, "alert");
});

test("what is asked to wait waits as a whole, and what was accepted is not sent again", () => {
  const pagerduty = installed([accepted(), new Response(429), new Response(500)]);
  const events = [event("C.1", "a"), event("C.1", "b")];
  assert.throws(() => at(1000, pagerduty, ...events), { name: "Retry", after: 60 });
  assert.throws(() => at(1000, pagerduty, ...events), { name: "Retry", after: 0 });
  assert.equal(at(1000, pagerduty, ...events).length, 2);
  assert.deepEqual(pagerduty.world.requests.map((request) => sent(request).dedup_key), ["C.1 a", "C.1 b", "C.1 b", "C.1 b"]);
});

test("an event that is none is a row with what is wrong, and the rest goes on", () => {
  const wrong = '{"status":"invalid event","message":"Event object is invalid","errors":["Length of \'routing_key\' is incorrect","another"]}';
  const rows = at(1000, installed([new Response(400, {}, wrong)]), event("C.1", "a"), event("C.1", "b"));
  assert.deepEqual(outcomes(rows), [["alert", "C.1 a", "refused", 400, 0], ["alert", "C.1 b", "sent", 202, 0]]);
  assert.equal(rows[0].Answer, "Length of 'routing_key' is incorrect; another");
});

test("answers", () => {
  const read = (...given) => Object.values(answerOf(new Response(...given)));
  assert.deepEqual(read(202, {}, '{"status":"success","message":"Event processed"}'), ["sent", 202, "Event processed"]);
  assert.deepEqual(read(202), ["sent", 202, ""]);
  assert.deepEqual(read(200, {}, "<html>"), ["refused", 200, "<html>"]);
  assert.deepEqual(read(403, {}, "null"), ["refused", 403, "null"]);
  assert.deepEqual(read(404, {}, "{}"), ["refused", 404, "{}"]);
});

test("without a window each row is sent, those that are alike too", () => {
  const pagerduty = installed([], { Window: 0 });
  assert.equal(at(1000, pagerduty, event("C.1", "a"), event("C.1", "a")).length, 2);
  assert.equal(new Set(pagerduty.world.requests.map((request) => request.once)).size, 2);
});

test("a key is never longer than PagerDuty takes", () => {
  const pagerduty = installed();
  at(1000, pagerduty, event("C.1", "x".repeat(1_000)), event("C.1", "x".repeat(1_001)), event("C.1", "\u202e".repeat(200)));
  const keys = pagerduty.world.requests.map((request) => sent(request).dedup_key);
  assert.equal(new Set(keys).size, 3);
  assert.ok(keys.every((key) => key.length <= 255 && !key.includes("\u202e")));
});

test("what is not granted waits, and a hostname is not needed", () => {
  assert.throws(() => at(1000, installed([], {}, { deny: ["http"] }), event("C.1", "a")), { name: "Retry", message: /grant/ });
  const pagerduty = installed([], {}, { deny: ["clients"] });
  assert.equal(at(1000, pagerduty, event("C.1", "a"))[0].Outcome, "sent");
  assert.equal(sent(pagerduty.world.requests[0]).payload.source, "C.1");
});

test("parameters that make no sense are refused", () => {
  for (const [wrong, why] of [
    [{ Key: " " }, /Key is empty/],
    [{ Url: "https://events.pagerduty.com/" }, /without a path/],
    [{ Window: 100_000 }, /Window/],
    [{ Severity: "dreadful" }, /Severity is critical/],
  ]) {
    assert.throws(() => installed([], wrong), why);
  }
  installed([], { Severity: "critical", Url: "https://events.eu.pagerduty.com" });
});
