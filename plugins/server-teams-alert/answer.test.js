import assert from "node:assert/strict";
import { test } from "node:test";

import { Response } from "watchbox-sdk/testing";
import { answerOf } from "./built.js";

const read = (...given) => {
  const { outcome, status, after } = answerOf(new Response(...given));
  return [outcome, status, ...(after === undefined ? [] : [after])];
};
const named = (status) => `Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error ${status} with ContextId tcid=0,server=x.`;

test("accepted is what a workflow and a connector say", () => {
  assert.deepEqual(read(202), ["sent", 202]);
  assert.deepEqual(read(202, {}, "anything"), ["sent", 202]);
  assert.deepEqual(read(200, {}, "1"), ["sent", 200]);
  assert.deepEqual(read(200, {}, "1\n"), ["sent", 200]);
  assert.deepEqual(read(200), ["sent", 200]);
});

test("an error in the text of a 200 is the status that it names", () => {
  assert.deepEqual(read(200, {}, named(429)), ["later", 429, 0]);
  assert.deepEqual(read(200, { "retry-after": "40" }, named(429)), ["later", 429, 40]);
  assert.deepEqual(read(200, {}, named(503)), ["later", 503, 0]);
  assert.deepEqual(read(200, {}, named(413)), ["refused", 413]);
  assert.deepEqual(read(200, {}, named(403)), ["refused", 403]);
  assert.deepEqual(read(200, {}, "Webhook message delivery failed with error: Error contacting Microsoft Teams endpoint"), ["later", 200, 0]);
});

test("anything else was not accepted", () => {
  assert.deepEqual(read(200, {}, "<html>sign in</html>"), ["refused", 200]);
  for (const status of [302, 400, 401, 403, 404, 410, 413]) {
    assert.deepEqual(read(status, {}, "why"), ["refused", status]);
  }
  assert.equal(answerOf(new Response(400, {}, "x".repeat(10_000))).text.length < 600, true);
});
