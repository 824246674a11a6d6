/** The artifact's own values, kept from turn to turn, over restarts and upgrades. Needs the grant `state`. Writes are part of the turn. */

/** The value of a key, which was kept as JSON, or `fallback`. */
export function get<T = unknown>(key: string, fallback: T): T;
export function get<T = unknown>(key: string): T | undefined;
/** Sets the value of a key, kept as JSON, whether it had one or not. */
export function set(key: string, value: unknown): void;
/** The bytes of a key. */
export function getBytes(key: string): Uint8Array | undefined;
/** Sets the bytes of a key, whether it had some or not. */
export function setBytes(key: string, value: Uint8Array): void;
/** Removes a key and its value. One that is not there is no error. */
export function remove(key: string): void;
/** The keys that start with `prefix`, sorted; all where none is given. */
export function keys(prefix?: string): string[];
