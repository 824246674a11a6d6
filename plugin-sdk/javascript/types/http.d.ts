/** Sends HTTP requests. Needs the grant `http`. */

/** A place where the host fills a parameter of type `secret` in. The artifact never sees the value. */
export class Secret {
  readonly parameter: string;
  readonly prefix: string;
}

/** `prefix` and then the value of a secret parameter, filled in only towards destinations whose grant names it: `secret("token", "Bearer ")`. */
export function secret(parameter: string, prefix?: string): Secret;

export type Text = string | Secret;

export type Part = string | Uint8Array | Secret;

export interface Options {
  headers?: { [name: string]: Text } | [string, Text][];
  /** An array is its parts, one after the other, secrets among them: for services that want their key there. */
  body?: string | Uint8Array | Part[];
  /** Sent as the body, with the header `content-type` that says so. */
  json?: unknown;
  /** How long it may take, in seconds; 30 where none is given. */
  timeout?: number;
  /** Names the effect within its turn: if the turn is tried again, what was settled under this name is not done again, even if the body now differs; any
   * answer but 408, 425, 429 and 5xx settles it. */
  once?: string;
}

/** A response, whatever its status. */
export class Response {
  constructor(status: number, headers?: { [name: string]: string } | [string, string][], body?: string | Uint8Array);
  readonly status: number;
  /** As received, names in lower case. */
  readonly headers: [string, string][];
  readonly body: Uint8Array;
  /** Whether the status is 200 to 299. */
  readonly ok: boolean;
  /** The first header of this name, which is compared without regard to case. */
  header(name: string): string | undefined;
  /** The body as text; bytes that are no UTF-8 become U+FFFD. */
  text(): string;
  json(): unknown;
}

/** Sends a request and waits for its response. Throws a `CapabilityError` with the reason `denied`, `invalid-request`, `unreachable`, `timeout`, `too-large`
 * or `limited`. */
export function request(method: string, url: Text, options?: Options): Response;
export function get(url: Text, options?: Options): Response;
export function post(url: Text, options?: Options): Response;
export function put(url: Text, options?: Options): Response;

/** Forgets what settled the request of this `once` name, so that the next call makes it again: in a further try of the turn, when its dead letter is
 * redriven, in the ticks that follow one that was set aside. For an answer that somebody can mend the cause of, such as a 401 for a key that ran out: forget
 * it, then throw `Retry` or `Reject`. What the other side did for the request it may then do twice. */
export function forget(once: string): void;
