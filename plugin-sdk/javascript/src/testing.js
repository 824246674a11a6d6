// Runs an artifact in a test, with capabilities that are played.

import { Response } from "./http.js";
import { play } from "./host.js";
import { CapabilityError } from "./failure.js";
import { toBase64 } from "./bytes.js";
import { Fault, Instance } from "./instance.js";
import { played } from "./played.js";

export { Fault, Response };

export class World {
  constructor({ clients = [], respond, relay, deny = [] } = {}) {
    this.clients = new Map(clients.map((client) => [client.id, { hostname: "", os: "", labels: [], firstSeen: 0, lastSeen: 0, ...client }]));
    this.state = new Map();
    this.now = 0;
    this.respond = respond;
    this.relay = relay;
    this.denied = new Set(deny);
    this.requests = [];
    this.mails = [];
    this.lines = [];
    this.journal = new Map();
    this.mailed = new Map();
  }

  install(artifact, parameters = {}) {
    return new Installed(this, artifact, parameters);
  }

  // Makes a request, or finds it settled.
  answer(request) {
    if (request.once !== undefined && this.journal.has(request.once)) {
      return this.journal.get(request.once);
    }
    this.requests.push(request);
    if (this.respond === undefined) {
      throw new CapabilityError("http", "unreachable", "http: unreachable: nobody answers: give the World a `respond`");
    }
    const response = this.respond(request);
    if (request.once !== undefined && ![408, 425, 429].includes(response.status) && response.status < 500) {
      this.journal.set(request.once, response);
    }
    return response;
  }

  // Hands a message to the relay, or finds it settled.
  deliver(message) {
    let settled = this.mailed.get(message.once);
    if (settled === undefined) {
      settled = this.#handedOver(message);
      if (message.once !== undefined) {
        this.mailed.set(message.once, settled);
      }
    }
    if (settled instanceof CapabilityError) {
      throw settled;
    }
    return settled;
  }

  // The `Message-ID`, or a refusal, which settles it as well.
  #handedOver(message) {
    this.mails.push(message);
    try {
      this.relay?.(message);
    } catch (error) {
      if (error instanceof CapabilityError && error.reason === "refused") {
        return error;
      }
      throw error;
    }
    return `<${this.mails.length}@watchbox.test>`;
  }
}

class Installed {
  #kind;
  #parameters;
  #instance;
  #open;

  constructor(world, kind, parameters) {
    this.world = world;
    this.#kind = kind;
    this.#parameters = toGuest(parameters);
    this.#instance = this.#configured();
  }

  tick(at) {
    this.world.now = at;
    return this.#turn(`tick ${at}`, (instance) => instance.tick(at));
  }

  events(artifact, events) {
    const coded = toGuest(events);
    return this.#turn(`${artifact} ${new TextDecoder().decode(coded)}`, (instance) => instance.events(artifact, coded));
  }

  #turn(trigger, call) {
    const { world } = this;
    if (trigger !== this.#open) {
      world.journal.clear();
      world.mailed.clear();
    }
    this.#open = trigger;
    const instance = this.#instance ?? this.#configured();
    this.#instance = undefined;
    const before = [structuredClone(world.clients), new Map(world.state)];
    let rows;
    try {
      rows = this.#play(() => call(instance));
    } catch (error) {
      [world.clients, world.state] = before;
      throw error;
    }
    this.#instance = instance;
    this.#open = undefined;
    return rows.length === 0 ? [] : JSON.parse(new TextDecoder().decode(rows));
  }

  #configured() {
    const instance = new Instance(this.#kind);
    this.#play(() => instance.configure(this.#parameters));
    return instance;
  }

  #play(call) {
    const before = play(played(this.world));
    try {
      return call();
    } finally {
      play(before);
    }
  }
}

// JSON as the host writes it for guests: ASCII, large integers as text, bytes as base64, NaN and infinities as null.
export function toGuest(value) {
  const json = JSON.stringify(guest(value)).replace(/[^\x00-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return new TextEncoder().encode(json);
}

function guest(value) {
  if (typeof value === "bigint") {
    return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  }
  if (value instanceof Uint8Array) {
    return toBase64(value);
  }
  if (Array.isArray(value)) {
    return value.map(guest);
  }
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, guest(item)]));
  }
  return value;
}
