import assert from "node:assert/strict";
import { test } from "node:test";

import { Response, World } from "watchbox-sdk/testing";
import { TeamsAlert } from "./built.js";

const LOG = "Server.Powershell.EncodedCommand";
const PARAMETERS = { Log: LOG, Title: "{Rule} on {alert.hostname}", Key: "{ClientId} {Rule}", Window: 300, Columns: "" };
const BUSY = "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429 with ContextId tcid=0";

const event = (client, rule, more = {}) => ({ ClientId: client, _ts: 1_700_000_000, Rule: rule, ...more });

// An installation whose webhook gives these answers one after the other, and then accepts.
function installed(answers = [], parameters = {}, more = {}) {
  const world = new World({
    clients: [{ id: "C.1", hostname: "WS-1" }],
    respond: () => answers.shift() ?? new Response(202),
    ...more,
  });
  return world.install(TeamsAlert, { ...PARAMETERS, ...parameters });
}

function at(now, teams, events) {
  teams.world.now = now;
  return teams.events(LOG, events);
}

const text = (request) => JSON.parse(request.body).attachments[0].content.body.map((block) => block.inlines.map((inline) => inline.text).join(""));

const outcomes = (rows) => rows.map((row) => [row.Kind, row.Key, row.Outcome, row.Status, row.More]);

test("each kind of row is told once, and then how many more there were", () => {
  const teams = installed();
  const rows = at(1000, teams, [event("C.1", "a"), event("C.1", "a"), event("C.2", "a", { Hostname: "own" }), event("C.1", "b")]);
  assert.deepEqual(outcomes(rows), [["alert", "C.1 a", "sent", 202, 0], ["alert", "C.2 a", "sent", 202, 0], ["alert", "C.1 b", "sent", 202, 0]]);
  assert.deepEqual(rows.map((row) => row.Hostname), ["WS-1", "own", "WS-1"]);
  const [first] = teams.world.requests;
  assert.deepEqual(text(first), ["a on WS-1", "Client: C.1", "Host: WS-1", `Log: ${LOG}`, "Time: 2023-11-14 22:13:20 UTC", "Rule: a"]);
  assert.deepEqual(first.headers, [["content-type", "application/json"]]);
  assert.equal(first.url.parameter, "webhook_url");
  assert.deepEqual(at(1200, teams, [event("C.1", "a")]), []);
  assert.deepEqual(teams.tick(1299), []);
  assert.deepEqual(outcomes(teams.tick(1300)), [["summary", "C.1 a", "sent", 202, 2]]);
  assert.equal(text(teams.world.requests.at(-1))[0], "2 more: a on WS-1");
  assert.deepEqual(teams.tick(1310), []);
  assert.equal(teams.world.state.size, 0);
});

test("what was not told by itself comes with the next alert, where that is first", () => {
  const teams = installed();
  at(1000, teams, [event("C.1", "a"), event("C.1", "a")]);
  assert.deepEqual(outcomes(at(1400, teams, [event("C.1", "a")])), [["alert", "C.1 a", "sent", 202, 1]]);
  assert.ok(text(teams.world.requests.at(-1)).includes("More before it that were not told by themselves: 1"));
});

test("without a window each row is told, those that are alike too", () => {
  const teams = installed([], { Window: 0 });
  assert.equal(at(1000, teams, [event("C.1", "a"), event("C.1", "a"), event("C.1", "a", { N: 1 })]).length, 3);
  assert.equal(new Set(teams.world.requests.map((request) => request.once)).size, 3);
});

test("what is asked to wait waits as a whole, and what was accepted is not sent again", () => {
  const teams = installed([new Response(202), new Response(429, { "retry-after": "17" }), new Response(503)]);
  const events = [event("C.1", "a"), event("C.1", "b")];
  assert.throws(() => at(1000, teams, events), { name: "Retry", after: 17 });
  assert.throws(() => at(1000, teams, events), { name: "Retry", after: 0 });
  assert.deepEqual(outcomes(at(1000, teams, events)).length, 2);
  const told = teams.world.requests.map((request) => text(request)[0]);
  assert.deepEqual(told, ["a on WS-1", "b on WS-1", "b on WS-1", "b on WS-1"]);
});

test("a refusal is a row, and the rest goes on", () => {
  const teams = installed([new Response(400, {}, '{"error":{"code":"InvalidRequestContent"}}')]);
  const rows = at(1000, teams, [event("C.1", "a"), event("C.1", "b")]);
  assert.deepEqual(outcomes(rows), [["alert", "C.1 a", "refused", 400, 0], ["alert", "C.1 b", "sent", 202, 0]]);
  assert.equal(rows[0].Answer, '{"error":{"code":"InvalidRequestContent"}}');
});

test("a connector that accepts and means 429 is waited for by later ticks: the turn's answers are settled", () => {
  const teams = installed([new Response(202), new Response(200, {}, BUSY), new Response(200, {}, BUSY)]);
  const rows = at(1000, teams, [event("C.1", "a"), event("C.1", "b"), event("C.1", "c")]);
  assert.deepEqual(outcomes(rows), [
    ["alert", "C.1 a", "sent", 202, 0],
    ["alert", "C.1 b", "put off", 429, 0],
    ["alert", "C.1 c", "put off", null, 0],
  ]);
  // Not before the pause, and each time later; what comes meanwhile waits behind.
  assert.deepEqual(teams.tick(1005), []);
  assert.deepEqual(outcomes(at(1006, teams, [event("C.1", "d")])), [["alert", "C.1 d", "put off", null, 0]]);
  assert.deepEqual(teams.tick(1010), []);
  assert.equal(teams.world.requests.length, 3);
  assert.deepEqual(teams.tick(1020), []);
  assert.deepEqual(outcomes(teams.tick(1030)), ["b", "c", "d"].map((rule) => ["alert", `C.1 ${rule}`, "sent", 202, 0]));
  const told = teams.world.requests.map((request) => text(request)[0][0]);
  assert.deepEqual(told.join(""), "abbbcd");
  assert.equal(new Set(teams.world.requests.map((request) => request.once)).size, 6, "a name that was answered would be answered the same again");
  assert.deepEqual(outcomes(at(1100, teams, [event("C.1", "e")])), [["alert", "C.1 e", "sent", 202, 0]]);
});

test("where no more can wait, the rest is counted and told in rows", () => {
  const teams = installed([new Response(200, {}, BUSY)]);
  const rows = at(1000, teams, Array.from({ length: 120 }, (_, nth) => event("C.1", `r${nth}`)));
  const count = (outcome) => rows.filter((row) => row.Outcome === outcome).length;
  assert.deepEqual([count("put off"), count("not sent")], [100, 20]);
  assert.equal(teams.tick(1010).length, 50);
  assert.equal(teams.tick(1020).length, 50);
  const summaries = teams.tick(1300);
  assert.deepEqual([summaries.length, summaries[0].Kind, summaries[0].More], [20, "summary", 1]);
});

test("what has no window to be counted in is told once nothing waits any more", () => {
  const teams = installed([new Response(200, {}, BUSY)], { Window: 0 });
  const rows = at(1000, teams, Array.from({ length: 120 }, (_, nth) => event("C.1", `r${nth}`)));
  assert.equal(rows.filter((row) => row.Outcome === "not sent").length, 20);
  assert.equal(teams.tick(1010).length, 50);
  assert.equal(teams.tick(1020).length, 50);
  assert.deepEqual(outcomes(teams.tick(1030)), [["summary", "", "sent", 202, 20]]);
  assert.deepEqual(text(teams.world.requests.at(-1)), ["20 more, told by no message: too many messages waited", `Log: ${LOG}`]);
  assert.deepEqual(teams.tick(1040), []);
});

test("nor is the count of a summary lost for which there is no room", () => {
  const teams = installed();
  at(1000, teams, [event("C.1", "a"), event("C.1", "a"), event("C.1", "a")]);
  const busy = [new Response(200, {}, BUSY), new Response(200, {}, BUSY)];
  teams.world.respond = () => busy.shift() ?? new Response(202);
  at(1290, teams, Array.from({ length: 100 }, (_, nth) => event("C.1", `r${nth}`)));
  assert.deepEqual(outcomes(teams.tick(1300)), [["summary", "C.1 a", "not sent", null, 2]]);
  assert.equal(teams.tick(1320).length, 50);
  assert.equal(teams.tick(1330).length, 50);
  assert.deepEqual(outcomes(teams.tick(1340)), [["summary", "", "sent", 202, 2]]);
});

test("a pause that a wrong clock began does not last for ever", () => {
  const teams = installed([new Response(200, {}, BUSY)]);
  assert.deepEqual(outcomes(at(1e12, teams, [event("C.1", "a")])), [["alert", "C.1 a", "put off", 429, 0]]);
  assert.deepEqual(outcomes(teams.tick(1000)), [["alert", "C.1 a", "sent", 202, 0]]);
  assert.deepEqual(outcomes(at(1001, teams, [event("C.1", "a")])), [["alert", "C.1 a", "sent", 202, 0]]);
});

test("what waits is bounded by its bytes too", () => {
  const teams = installed([new Response(200, {}, BUSY)]);
  const fill = (from, to) => at(1000, teams, Array.from({ length: to - from }, (_, nth) => event("C.1", `r${from + nth}`, { Long: "\u4e16".repeat(4_000) })));
  // Over turns, as each counts what the turns before have left.
  const rows = [...fill(0, 15), ...fill(15, 30), ...fill(30, 60)];
  const waiting = rows.filter((row) => row.Outcome === "put off").length;
  assert.ok(waiting > 15 && waiting < 60, String(waiting));
  assert.ok(teams.world.state.get("waiting").length <= 400_000);
  assert.equal(teams.tick(1010).length, waiting);
  assert.ok(teams.world.state.get("waiting").length < 200);
  assert.deepEqual(outcomes(at(1020, teams, [event("C.1", "x")])), [["alert", "C.1 x", "sent", 202, 0]]);
});

test("hostnames are looked up where it is granted", () => {
  const teams = installed([], {}, { deny: ["clients"] });
  assert.equal(at(1000, teams, [event("C.1", "a")])[0].Hostname, "");
  assert.equal(text(teams.world.requests[0])[0], "a on ");
});

test("what is not granted waits", () => {
  const teams = installed([], {}, { deny: ["http"] });
  assert.throws(() => at(1000, teams, [event("C.1", "a")]), { name: "Retry", message: /grant/ });
});

test("events of any shape are told of", () => {
  const teams = installed([], { Columns: " Rule , N,missing" });
  const deep = JSON.parse(`${"[".repeat(300)}${"]".repeat(300)}`);
  const rows = at(1000, teams, [{ ClientId: "C.9", _ts: "x", Rule: { a: 1 }, N: deep }, event("C.1", null), event("C.1", "x".repeat(100_000))]);
  assert.deepEqual(rows.map((row) => row.Outcome), ["sent", "sent", "sent"]);
  assert.equal(rows[2].Key.length, 255);
  assert.deepEqual(text(teams.world.requests[1]).slice(1), ["Client: C.1", "Host: WS-1", `Log: ${LOG}`, "Time: 2023-11-14 22:13:20 UTC", "Rule: "]);
});

test("no column passes for what the server knows", () => {
  const teams = installed([], { Title: "{alert.hostname} {alert.log}" });
  at(1000, teams, [event("C.1", "a", { alert: { hostname: "forged", log: "forged" }, "alert.hostname": "forged" })]);
  assert.equal(text(teams.world.requests[0])[0], `WS-1 ${LOG}`);
});

test("parameters that make no sense are refused", () => {
  assert.throws(() => installed([], { Key: " " }), /Key is empty/);
  assert.throws(() => installed([], { Window: -1 }), /Window/);
});
