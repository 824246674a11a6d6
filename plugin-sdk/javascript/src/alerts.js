// What an alert about an event says that the event does not, or not for sure.

import * as clients from "./clients.js";
import { CapabilityError } from "./failure.js";
import { cut, shown } from "./text.js";

// How much of each column, and of all together, tells events apart.
const TELLING_VALUE = 200;
const TELLING = 2_000;

export class Alerts {
  #log;
  #hostnames = new Map();

  constructor(log) {
    this.#log = log;
  }

  of(event) {
    const known = { clientId: event.ClientId, hostname: this.#hostname(event), log: this.#log, time: utc(event._ts) };
    const columns = {
      ...event,
      // Whatever columns the event has, these are ours.
      "alert.client_id": known.clientId,
      "alert.hostname": known.hostname,
      "alert.log": known.log,
      "alert.time": known.time,
    };
    return { ...known, columns, telling: telling(event) };
  }

  #hostname({ ClientId, Hostname }) {
    if (typeof Hostname === "string" && Hostname !== "") {
      return Hostname;
    }
    if (!this.#hostnames.has(ClientId)) {
      this.#hostnames.set(ClientId, lookedUp(ClientId));
    }
    return this.#hostnames.get(ClientId);
  }
}

function lookedUp(id) {
  try {
    return clients.get(id)?.hostname ?? "";
  } catch (error) {
    // Not granted, or not there just now: an alert without a hostname is one all the same.
    if (error instanceof CapabilityError) {
      return "";
    }
    throw error;
  }
}

function telling(event) {
  let text = "";
  for (const [name, value] of Object.entries(event)) {
    text += `${name}=${cut(shown(value), TELLING_VALUE)}\n`;
    if (text.length > TELLING) {
      break;
    }
  }
  return text;
}

export function utc(seconds) {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? "" : date.toISOString().replace("T", " ").replace(/(\.\d+)?Z$/, " UTC");
}
