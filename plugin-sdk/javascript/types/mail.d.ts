/** Sends mail. Needs the grant `mail`. The relay and the sender are the server's; a message is plain text. */

export interface Options {
  /** Names the effect within its turn: if the turn is tried again, what was settled under this name is not sent again, even if the text now differs. */
  once?: string;
}

/** Sends a message and waits until the relay took it over. Gives its `Message-ID`. Throws a `CapabilityError` with the reason `denied`, `invalid-message`,
 * `refused` (the relay never will take it), `unavailable` (let the turn be tried again, with `Retry`) or `limited`. */
export function send(to: string | Iterable<string>, subject: string, text: string, options?: Options): string;
