/** Requests that deliver something. Needs the grant `http`. */
import type { Options, Response, Text } from "./http.js";

/**
 * Sends a request, and gives its response where no other try would change it: 2xx, and refusals. Throws `Retry` otherwise, so that the turn is tried again: after
 * 408, 425, 429 and 5xx (not before the pause that `retry-after` asks for; a minute where 429 asks for none), without an answer, when the grant's requests a minute are
 * spent, and where no grant covers it: nothing is lost meanwhile. What was settled before under its `once` name is not sent again. A `CapabilityError` of another reason (`invalid-request`,
 * `too-large`) stays one.
 */
export function deliver(method: string, url: Text, options?: Options): Response;
/** Whether a status asks for another try: 408, 425, 429, 5xx. */
export function asksForPatience(status: number): boolean;
/** The pause that a response asks for by `retry-after`, in seconds, a day at most; `otherwise` where it asks for none, a minute where it can't be read. */
export function pauseOf(response: Response, otherwise?: number): number;
