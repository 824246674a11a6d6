// Turns: failures and what they undo, capabilities and what they refuse.

import assert from "node:assert/strict";
import { test } from "node:test";

import * as clients from "../src/clients.js";
import * as clock from "../src/clock.js";
import * as http from "../src/http.js";
import { Artifact, CapabilityError, Denied, Reject, Retry } from "../src/index.js";
import * as labels from "../src/labels.js";
import * as log from "../src/log.js";
import * as mail from "../src/mail.js";
import * as state from "../src/state.js";
import { Fault, Response, World } from "../src/testing.js";

class Greeter extends Artifact {
  greeted = 0;

  *tick() {
    for (const client of clients.search("label:New")) {
      labels.remove(client.id, "New");
      state.set("count", state.get("count", 0) + 1);
      this.greeted++;
      const response = http.post(http.secret("token_url"), { json: { text: `${client.id} at ${clock.now()}` }, timeout: 10, once: client.id });
      if (!response.ok) {
        throw new Retry(`answered ${response.status}`, { after: 2.5 });
      }
      log.info(`greeted ${client.id}`);
      yield { client_id: client.id, Greeted: this.greeted };
    }
  }
}

const world = (respond = () => new Response(200)) =>
  new World({ clients: [{ id: "C.1", labels: ["New", "x"] }, { id: "C.2", labels: ["new"] }, { id: "C.3" }], respond });

// An artifact whose tick is this.
const ticking = (tick) =>
  class extends Artifact {
    tick() {
      return tick();
    }
  };

test("a turn uses capabilities", () => {
  const played = world();
  const installed = played.install(Greeter);
  assert.deepEqual(installed.tick(60), [{ client_id: "C.1", Greeted: 1 }, { client_id: "C.2", Greeted: 2 }]);
  assert.deepEqual(played.requests.map((request) => request.once), ["C.1", "C.2"]);
  assert.deepEqual(played.requests[0].url, http.secret("token_url"));
  assert.equal(played.requests[0].body, '{"text":"C.1 at 60"}');
  assert.deepEqual(played.requests[0].headers, [["content-type", "application/json"]]);
  assert.deepEqual(played.clients.get("C.1").labels, ["x"]);
  assert.equal(new TextDecoder().decode(played.state.get("count")), "2");
  assert.deepEqual(played.lines[1], { level: "info", text: "greeted C.2" });
  assert.deepEqual(installed.tick(120), []);
});

test("a batch is iterated over as often as one likes, whole or in part, within another time too", () => {
  class Pairs extends Artifact {
    events(batch) {
      for (const event of batch) {
        assert.equal(event.N, 1);
        break;
      }
      const pairs = [...batch].flatMap((one) => Array.from(batch, (other) => `${one.N}${other.N}`));
      const [first, ...rest] = batch;
      const byHand = batch[Symbol.iterator]();
      const results = [byHand.next(), byHand.next(), byHand.next(), byHand.next()];
      assert.deepEqual(results.map(({ value, done }) => [value?.N, done]), [[1, false], [2, false], [undefined, true], [undefined, true]]);
      return [{ length: batch.length, pairs, first: first.N, rest: rest.map((event) => event.N), index: batch.events[1].N }];
    }
  }
  const rows = new World().install(Pairs).events("Log", [{ N: 1 }, { N: 2 }]);
  assert.deepEqual(rows, [{ length: 2, pairs: ["11", "12", "21", "22"], first: 1, rest: [2], index: 2 }]);
  class None extends Artifact {
    events(batch) {
      return [{ length: batch.length, events: [...batch].length }];
    }
  }
  assert.deepEqual(new World().install(None).events("Log", []), [{ length: 0, events: 0 }]);
});

test("a failed turn leaves nothing but its requests", () => {
  const answers = [200, 503, 200];
  const played = world(() => new Response(answers.shift()));
  const installed = played.install(Greeter);
  assert.throws(() => installed.tick(60), (error) => error instanceof Retry && error.message === "answered 503" && error.after === 2.5);
  assert.deepEqual(played.clients.get("C.1").labels, ["New", "x"]);
  assert.equal(played.state.size, 0);
  // C.1's message was accepted and is not sent again; the artifact was made anew.
  assert.deepEqual(installed.tick(60)[1], { client_id: "C.2", Greeted: 2 });
  assert.deepEqual(played.requests.map((request) => request.once), ["C.1", "C.2", "C.2"]);
});

test("parameters are handed to the constructor, which may refuse them", () => {
  class Picky extends Artifact {
    constructor(parameters) {
      super(parameters);
      if (parameters.Longest < 0) {
        throw new Reject("`Longest` must not be negative");
      }
    }

    tick() {
      return [{ Longest: this.parameters.Longest }];
    }
  }
  assert.deepEqual(new World().install(Picky, { Longest: 5 }).tick(0), [{ Longest: 5 }]);
  assert.throws(() => new World().install(Picky, { Longest: -1 }), { message: "`Longest` must not be negative" });
});

test("an exception is a fault with its message, place and cause", () => {
  class Careless extends Artifact {
    *events(batch) {
      for (const event of batch) {
        try {
          event.Missing.length;
        } catch (cause) {
          throw new Error("no such column", { cause });
        }
        yield event;
      }
    }
  }
  assert.throws(() => new World().install(Careless).events("X", [{}]), (error) => {
    assert(error instanceof Fault);
    assert.match(error.message, /^Error: no such column \(turns\.test\.js:\d+ in events.*\); because of TypeError: .*\(turns\.test\.js:\d+ in events/);
    return true;
  });
  assert.throws(() => new World().install(ticking(() => { throw { odd: 1 }; })).tick(0), /^Fault: {"odd":1} was thrown$/);
});

test("denied names the grant", () => {
  const denied = new World({ deny: ["clients", "log"] }).install(Greeter);
  assert.throws(() => denied.tick(0), /Denied: clients: denied: grant `clients` \(turns\.test\.js:\d+ in tick/);
  const careful = ticking(() => {
    log.info("dropped");
    try {
      state.get("x");
    } catch (error) {
      return [{ Denied: error instanceof Denied && error.capability }];
    }
  });
  assert.deepEqual(new World({ deny: ["state", "log"] }).install(careful).tick(0), [{ Denied: "state" }]);
});

test("errors of capabilities have reasons", () => {
  for (const [call, reason] of [
    [() => [...clients.search("")], "invalid-query"],
    [() => labels.add("C.9", "x"), "unknown-client"],
    [() => labels.add("C.1", "a,b"), "invalid-label"],
    [() => state.set("", 1), "invalid-key"],
    [() => http.get("https://example.org/"), "unreachable"],
  ]) {
    const tick = ticking(() => {
      try {
        call();
      } catch (error) {
        return [{ reason: error instanceof CapabilityError && error.reason }];
      }
    });
    const played = world();
    played.respond = undefined;
    assert.deepEqual(played.install(tick).tick(0), [{ reason }]);
  }
});

test("what is not written is rejected", () => {
  assert.throws(() => new World().install(Artifact).events("X", [{}]), { name: "Reject", message: "the manifest subscribes to X, but the artifact has no `events`" });
  assert.throws(() => new World().install(Artifact).tick(0), /has no `tick`/);
});

test("a search goes on over pages", () => {
  const many = Array.from({ length: 2500 }, (_, number) => ({ id: `C.${String(number).padStart(5, "0")}`, hostname: `WS${number}` }));
  const count = ticking(() => [{ All: [...clients.search("all")].length, Some: [...clients.search("host:ws1*")].length, One: clients.get("C.00007").hostname }]);
  assert.deepEqual(new World({ clients: many }).install(count).tick(0), [{ All: 2500, Some: 1111, One: "WS7" }]);
});

test("mail is sent once over tries", () => {
  const mailing = ticking(() => {
    const id = mail.send("soc@example.org", "s", "t", { once: "C.1" });
    mail.send(["a@example.org", "b@example.org"], "s", "t");
    return [{ Id: id }];
  });
  const played = new World({
    relay: ({ to }) => {
      if (to.length > 1) {
        throw new CapabilityError("mail", "unavailable", "mail: unavailable: busy");
      }
    },
  });
  const installed = played.install(mailing);
  for (let tries = 0; tries < 2; tries++) {
    assert.throws(() => installed.tick(60), /mail: unavailable: busy/);
  }
  assert.deepEqual(played.mails.map(({ to }) => to.length), [1, 2, 2]);
  played.relay = undefined;
  assert.deepEqual(installed.tick(60), [{ Id: "<1@watchbox.test>" }]);
  assert.deepEqual(played.mails[0], { to: ["soc@example.org"], subject: "s", text: "t", once: "C.1" });
  assert.throws(() => new World({ deny: ["mail"] }).install(mailing).tick(0), /mail: denied: /);
});

test("what is forgotten is sent again", () => {
  const patient = ticking(() => {
    if (http.post("https://h.example/", { once: "C.1" }).status === 401) {
      http.forget("C.1");
      throw new Retry("refused");
    }
    return [];
  });
  let status = 401;
  const played = new World({ respond: () => new http.Response(status) });
  const installed = played.install(patient);
  for (let tries = 0; tries < 2; tries++) {
    assert.throws(() => installed.tick(60), { name: "Retry" });
  }
  status = 200;
  installed.tick(60);
  assert.equal(played.requests.length, 3);
});

test("a secret stands in a body", () => {
  const posting = ticking(() => {
    http.post("https://h.example/", { body: ['{"key":"', http.secret("key"), '","a":"ü"}', http.secret("key", "x")] });
    return [];
  });
  const played = world();
  played.install(posting).tick(0);
  assert.equal(played.requests[0].body, '{"key":"{key}","a":"ü"}x{key}');
});
