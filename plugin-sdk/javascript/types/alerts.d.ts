/** What an alert about an event says that the event does not, or not for sure. Looks clients up: without the grant `clients` it knows the hostnames that events tell. */
import type { Event } from "./index.js";

/** An alert. */
export interface Alert {
  clientId: string;
  /** As the event's column `Hostname` tells it, or as the server knows it; empty for none. */
  hostname: string;
  log: string;
  /** When the server received the event, as people read it, in UTC. */
  time: string;
  /** The event's columns and, for templates, `alert.client_id`, `alert.hostname`, `alert.log` and `alert.time`, which no column passes for. */
  columns: { readonly [column: string]: unknown };
  /** A text that tells the event from others, for the most part, as a part of a `once` name; the same on every try. */
  telling: string;
}

/** The alerts of one turn, about events of a log. A client is looked up once. */
export class Alerts {
  constructor(log: string);
  of(event: Event): Alert;
}

/** A time in seconds since the Unix epoch as people read it, in UTC; empty where it is none. */
export function utc(seconds: number): string;
