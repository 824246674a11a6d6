// What artifacts that tell of something share: text, digests, windows, deliveries.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import { Alerts, utc } from "../src/alerts.js";
import { asksForPatience, deliver, pauseOf } from "../src/delivery.js";
import { digest, Names } from "../src/digest.js";
import { Artifact, CapabilityError, Retry } from "../src/index.js";
import { Response, World } from "../src/testing.js";
import { cut, fill, printable, shown } from "../src/text.js";
import { keyOf, Windows } from "../src/windows.js";

// Runs `turn` as a tick of an artifact at this time; gives what it returned.
function during(world, at, turn) {
  let given;
  class Once extends Artifact {
    tick() {
      given = turn();
    }
  }
  world.install(Once).tick(at);
  return given;
}

test("digests are SHA-256", () => {
  for (const text of ["", "abc", "ü 😀 \u0000", ...[55, 56, 63, 64, 65, 1000].map((count) => "x".repeat(count))]) {
    assert.equal(digest(text), createHash("sha256").update(text).digest("hex"), text);
  }
});

test("names are the same on every try, and no two alike", () => {
  const given = () => {
    const names = new Names();
    return [names.of("a", "b"), names.of("a", "b"), names.of("ab"), names.of("a", "b"), names.of("a", null, 1)];
  };
  assert.deepEqual(given(), given());
  assert.equal(new Set(given()).size, 5);
  assert.ok(given().every((name) => /^[0-9a-f]{32}(-\d)?$/.test(name)));
});

test("what would be obeyed is shown", () => {
  for (const [given, wanted] of [
    ["plain ü 😀 \\ <b>", "plain ü 😀 \\ <b>"],
    ["a\r\nb\tc\u001b[31m\u007f\u0000", "a␍␊b␉c␛[31m␡␀"],
    ["\u0085\u2028\u2029", "<U+0085><U+2028><U+2029>"],
    ["exe.\u202egpj\u2066\u200f\u061c", "exe.<U+202E>gpj<U+2066><U+200F><U+061C>"],
    ["a\u200b\u200d\u2060\ufeff\u00adb", "a<U+200B><U+200D><U+2060><U+FEFF><U+00AD>b"],
    ["\u{e0041}\u{e0100}", "<U+E0041><U+E0100>"],
    ["\ud800x", "\ufffdx"],
  ]) {
    assert.equal(printable(given), wanted);
  }
});

test("what is cut says so, and no character is halved", () => {
  assert.equal(cut("abc", 3), "abc");
  assert.equal(cut("abcdef", 3), "abc… (3 more characters)");
  assert.equal(cut("ab😀cd", 3), "ab… (4 more characters)");
  assert.equal(cut("abc", 0), "… (3 more characters)");
});

test("templates take columns, and what is in them", () => {
  const columns = { A: "x", "B.C": 1, D: { E: [true], F: null }, __proto__: { G: "inherited" } };
  assert.equal(fill("{A}/{B.C}/{D.E}/{D}/{D.F}/{G}/{D.E.length.x}/{A.x}/{nothing}{}{", columns), 'x/1/[true]/{"E":[true],"F":null}/////{}{');
  assert.equal(fill("{A}", { A: "{B}", B: "no" }), "{B}", "what was filled in is not filled again");
  assert.equal(fill("{A}{A}", { A: "x".repeat(5_000) }).length, 2 * (4_096 + "… (904 more characters)".length));
  assert.deepEqual([shown(null), shown(undefined), shown(0.5), shown({ a: 1 }), shown("")], ["", "", "0.5", '{"a":1}', ""]);
});

test("an alert says what the server knows, whatever the event says", () => {
  const world = new World({ clients: [{ id: "C.1", hostname: "WS-1" }] });
  const of = (event, played = world) => during(played, 0, () => new Alerts("X").of({ ClientId: "C.1", _ts: 1_700_000_000.5, ...event }));
  const { telling, ...alert } = of({ A: 1, "alert.log": "forged", alert: { hostname: "forged" } });
  assert.equal(telling, 'ClientId=C.1\n_ts=1700000000.5\nA=1\nalert.log=forged\nalert={"hostname":"forged"}\n');
  assert.notEqual(of({ A: "x".repeat(500) }).telling, of({ A: "x".repeat(501) }).telling);
  assert.ok(of(Object.fromEntries(Array.from({ length: 1_000 }, (_, nth) => [`n${nth}`, "x".repeat(1_000)]))).telling.length < 2_500);
  assert.deepEqual(alert, {
    clientId: "C.1",
    hostname: "WS-1",
    log: "X",
    time: "2023-11-14 22:13:20 UTC",
    columns: {
      ClientId: "C.1",
      _ts: 1_700_000_000.5,
      A: 1,
      alert: { hostname: "forged" },
      "alert.client_id": "C.1",
      "alert.hostname": "WS-1",
      "alert.log": "X",
      "alert.time": "2023-11-14 22:13:20 UTC",
    },
  });
  assert.equal(of({ Hostname: "own" }).hostname, "own");
  assert.deepEqual([of({ Hostname: "" }).hostname, of({ Hostname: 5 }).hostname, of({ ClientId: "C.2" }).hostname], ["WS-1", "WS-1", ""]);
  assert.equal(of({}, new World({ deny: ["clients"] })).hostname, "");
  assert.deepEqual([utc(Number.NaN), utc("x"), utc(1e300), utc(0)], ["", "", "", "1970-01-01 00:00:00 UTC"]);
});

test("keys that are too long end in a digest", () => {
  assert.equal(keyOf("a".repeat(255)), "a".repeat(255));
  const [one, other] = ["x", "y"].map((end) => keyOf("a".repeat(300) + end));
  assert.equal(one.length, 255);
  assert.notEqual(one, other);
  assert.ok(keyOf("😀".repeat(200), 100).isWellFormed());
});

test("what is alike is told once in a window, and counted", () => {
  const world = new World();
  const turn = (at, ...keys) =>
    during(world, at, () => {
      const windows = new Windows({ seconds: 300 });
      const told = keys.map((key) => windows.arrives(key, at, key.toUpperCase()));
      const ended = windows.ended(at);
      windows.save();
      return [told.map(({ tell, more }) => `${tell} ${more}`), ended.map(({ key, more, since, last, about }) => [key, more, since, last, about])];
    });
  assert.deepEqual(turn(0, "a", "a", "b"), [["true 0", "false 0", "true 0"], []]);
  assert.deepEqual(turn(299, "a"), [["false 0"], []]);
  // The window is over: the next one brings the count along; what does not come again is told by itself, b not at all.
  assert.deepEqual(turn(300, "a"), [["true 2"], []]);
  assert.deepEqual(turn(301, "a"), [["false 0"], []]);
  assert.deepEqual(turn(599), [[], []]);
  assert.deepEqual(turn(600), [[], [["a", 1, 300, 301, "A"]]]);
  assert.equal(world.state.size, 0);
});

test("a window that a wrong clock opened does not mute for ever", () => {
  const world = new World();
  const turn = (at, key) =>
    during(world, at, () => {
      const windows = new Windows({ seconds: 300 });
      const { tell } = key === undefined ? {} : windows.arrives(key, at);
      const ended = windows.ended(at).map((one) => [one.key, one.more]);
      windows.save();
      return [tell, ended];
    });
  const wrong = 1e12;
  for (const key of ["a", "b", "b"]) {
    turn(wrong, key);
  }
  // What it counted is told, and what comes is told anew.
  assert.deepEqual(turn(1_000, "a"), [true, [["b", 1]]]);
  // A turn that is tried again for long is a little behind, and does not end a window.
  assert.deepEqual(turn(800, "a"), [false, []]);
  assert.deepEqual(turn(1_300), [undefined, [["a", 1]]]);
  assert.equal(world.state.size, 0);
});

test("windows are bounded: the oldest ends early, and what it held is told", () => {
  const world = new World();
  const windows = during(world, 0, () => new Windows({ seconds: 300, most: 2 }));
  during(world, 0, () => {
    for (const key of ["a", "a", "b", "c", "d"]) {
      windows.arrives(key, 0);
    }
    assert.deepEqual(windows.ended(0).map(({ key, more }) => [key, more]), [["a", 1]]);
    assert.deepEqual([windows.add("d"), windows.add("a"), windows.close("d"), windows.close("d")], [true, false, 1, 0]);
    windows.save();
  });
  assert.equal(JSON.parse(new TextDecoder().decode(world.state.get("windows"))).length, 1);
  during(world, 2, () => {
    const small = new Windows({ seconds: 300, largest: 1_000, name: "small" });
    for (let number = 0; number < 50; number++) {
      small.arrives(`\u4e16${number}`, 2, "\u{1f600}".repeat(50));
      small.arrives(`\u4e16${number}`, 2);
    }
    assert.equal(small.ended(2).length, 47, "what made room is told");
    small.save();
  });
  assert.ok(world.state.get("small").length <= 1_000, "an endpoint can't fill the state");
  const open = during(world, 1, () => new Windows({ seconds: 0 }).arrives("c", 1));
  assert.deepEqual(open, { tell: true, more: 0 }, "without a window everything is told");
});

test("a delivery gives what is settled, and retries the rest", () => {
  const answered = (...answer) => {
    const world = new World({ respond: () => new Response(...answer) });
    try {
      return during(world, 0, () => deliver("POST", "https://example.org/", { once: "x" }).status);
    } catch (error) {
      assert.ok(error instanceof Retry, String(error));
      return [error.after, error.message];
    }
  };
  for (const status of [200, 202, 301, 400, 404, 413]) {
    assert.equal(answered(status), status);
  }
  assert.deepEqual(answered(429), [60, "answered 429"]);
  assert.deepEqual(answered(429, { "Retry-After": "7" }, " slowly "), [7, "answered 429: slowly"]);
  assert.deepEqual(answered(503), [0, "answered 503"]);
  assert.deepEqual(answered(503, { "retry-after": "2" }), [2, "answered 503"]);
  assert.deepEqual([408, 425, 500, 599].filter((status) => Array.isArray(answered(status))).length, 4);
});

test("what was not answered, and what is not granted yet, is retried; what is no request is not", () => {
  const failing = (reason, more = {}) => {
    const world = new World({
      respond: () => {
        throw { tag: reason, val: 1500, ...more };
      },
    });
    return () => during(world, 0, () => deliver("POST", "https://example.org/"));
  };
  assert.throws(failing("unreachable"), (error) => error instanceof Retry && error.after === 0);
  assert.throws(failing("timeout"), (error) => error instanceof Retry && /no response in time/.test(error.message));
  assert.throws(failing("limited"), (error) => error instanceof Retry && error.after === 1.5);
  assert.throws(failing("denied"), (error) => error instanceof Retry && /denied/.test(error.message));
  for (const reason of ["invalid-request", "too-large"]) {
    let thrown;
    during(new World({ respond: () => { throw { tag: reason, val: "why" }; } }), 0, () => {
      try {
        deliver("POST", "https://example.org/");
      } catch (error) {
        thrown = error;
      }
    });
    assert.ok(thrown instanceof CapabilityError && thrown.reason === reason, reason);
  }
});

test("pauses", () => {
  const pause = (headers, otherwise) => pauseOf(new Response(503, headers), otherwise);
  assert.deepEqual(
    [pause({}), pause({}, 5), pause({ "retry-after": "1.5" }), pause({ "retry-after": "-1" }), pause({ "retry-after": "1e9" }), pause({ "retry-after": "soon" })],
    [0, 5, 1.5, 0, 86_400, 60],
  );
  const date = (seconds) => new Date(seconds * 1000).toUTCString();
  assert.equal(pause({ "retry-after": date(1_800_000_090), date: date(1_800_000_000) }), 90);
  assert.equal(pause({ "retry-after": date(1_800_000_090) }), 60, "without the other side's clock a date says nothing");
  assert.deepEqual([408, 425, 429, 500, 200, 404].map(asksForPatience), [true, true, true, true, false, false]);
});
