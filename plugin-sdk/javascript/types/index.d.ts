/** A value of whatever type an endpoint sent. */
export type Value = null | boolean | number | string | Value[] | { [column: string]: Value };

/** An event: column name to value. `ClientId` and `_ts` are always there; other columns come from endpoints: never trust their presence or type. */
export interface Event {
  ClientId: string;
  _ts: number;
  [column: string]: Value | undefined;
}

/** Events of one log, oldest first: iterate over it, or use `events`. */
export interface Batch extends Iterable<Event> {
  /** The log's name: tells several subscriptions apart. */
  readonly artifact: string;
  readonly events: readonly Event[];
  readonly length: number;
}

/** A tick of the artifact's schedule. */
export interface Tick {
  /** When it was due, in seconds since the Unix epoch. May be long past; `clock.now` is the turn's time. */
  readonly due: number;
}

/** What a column of a row may be; a `bigint` goes as an integer, a `Uint8Array` as bytes where the manifest's `rows` say so. */
export type Column = null | undefined | boolean | number | bigint | string | Uint8Array | readonly Column[] | { readonly [name: string]: Column };

/** A row: column name to value. */
export type Row = { readonly [column: string]: Column };

/** Rows: from a generator, in an array, or none. */
export type Rows = Iterable<Row> | void;

/**
 * A server monitoring artifact: the class that the module exports by `export default`.
 *
 * The host makes one for its parameters and keeps it warm between turns, so fields last from turn to turn; but it may be dropped at any
 * moment, and is after a failed turn: what must not be lost belongs in `state`.
 */
export class Artifact<Parameters = Record<string, Value>> {
  /** An error's text tells the operator what is wrong with the parameters. No capability but `log` may be used here. */
  constructor(parameters: Parameters);
  /** The parameters, by the names that the manifest gives them. Secrets are not among them: see `http.secret`. */
  readonly parameters: Parameters;
  /** One turn with events of a log that the manifest subscribes to. */
  events(batch: Batch): Rows;
  /** One turn with a tick of the manifest's schedule. */
  tick(tick: Tick): Rows;
}

/** Something outside was not ready: try this turn again, not before `after` seconds from now. */
export class Retry extends Error {
  constructor(reason: string, options?: { after?: number });
  readonly after: number;
}

/** No further try can help: the trigger is set aside at once, a batch as a whole. */
export class Reject extends Error {
  constructor(reason: string);
}

/** A call of a capability that gave no answer. Uncaught, it is a fault. */
export class CapabilityError extends Error {
  /** The capability: `clients`, `labels`, `http`, `state`, `clock`. */
  readonly capability: string;
  /** The contract's word for it, such as `denied`, `unreachable`, `too-large`. */
  readonly reason: string;
  /** With `limited`: how many seconds from now there is room for one more request. */
  readonly after?: number;
}

/** No grant covers the call. The text names the grant that would. */
export class Denied extends CapabilityError {}

/** The integer of a column of the type `int`: a number, or a bigint where decimal text stands for what is beyond 2^53-1. Throws for anything else. */
export function integer(value: unknown): number | bigint;

/** The bytes of a column of the type `bytes`, which come as base64 text. Throws for anything else. */
export function bytes(value: unknown): Uint8Array;
/** Bytes as base64 text. */
export function fromBytes(bytes: Uint8Array): string;
/** UTF-8 as text; bytes that are none become U+FFFD. (Not every engine has a TextDecoder.) */
export function toText(bytes: Uint8Array): string;
/** Text as UTF-8. (Not every engine has a TextEncoder.) */
export function fromText(text: string): Uint8Array;
