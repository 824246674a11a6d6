/**
 * Runs an artifact in a test, with capabilities that are played.
 *
 * Turns behave as the host's do: what a failed turn changed is undone and the artifact made anew, but the http requests that it made, and that settled
 * something, are not made again by the next try of the same trigger. Events and rows cross as JSON by the rules of the contract.
 */
import type { Artifact, Value } from "./index.js";
import type { Client } from "./clients.js";
import { Response, Text } from "./http.js";

export { Response };

/** The artifact threw what it did not expect; the message says what and where. */
export class Fault extends Error {}

/** A request that an artifact made. */
export interface Request {
  method: string;
  url: Text;
  headers: [string, Text][];
  /** `{name}` stands where a secret goes. */
  body: string;
  timeout?: number;
  once?: string;
}

/** A message that an artifact sent. */
export interface Message {
  to: string[];
  subject: string;
  text: string;
  once?: string;
}

/** A played host: every capability granted, no client, no state, nobody who answers, a relay that takes all mail, the clock at 0. */
export class World {
  constructor(options?: {
    clients?: (Partial<Client> & { id: string })[];
    /** Answers requests. */
    respond?: (request: Request) => Response;
    /** Takes mail, or throws a `CapabilityError`. */
    relay?: (message: Message) => void;
    /** Capabilities without a grant. */
    deny?: string[];
  });
  clients: Map<string, Client>;
  state: Map<string, Uint8Array>;
  now: number;
  respond?: (request: Request) => Response;
  relay?: (message: Message) => void;
  /** The messages that were handed to the relay; those known from the journal were not. */
  mails: Message[];
  /** The requests that were made; those answered out of the journal were not. */
  requests: Request[];
  /** The lines that were logged. */
  lines: { level: "debug" | "info" | "warn" | "error"; text: string }[];
  /** Installs an artifact with these parameters; throws where it does not take them. */
  install<P>(artifact: new (parameters: P) => Artifact<P>, parameters?: object): Installed;
}

/** An installed artifact. */
export interface Installed {
  world: World;
  /** One turn with a tick that is due at `at`, to which the clock is set as well. Throws Retry, Reject or Fault. */
  tick(at: number): Record<string, Value>[];
  /** One turn with events of the log `artifact`. Throws Retry, Reject or Fault. */
  events(artifact: string, events: object[]): Record<string, Value>[];
}

/** JSON as the host writes it for guests. */
export function toGuest(value: unknown): Uint8Array;
