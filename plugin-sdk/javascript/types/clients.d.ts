/** Looks up clients: the endpoints that the server knows. Needs the grant `clients`. */

/** An endpoint. Times are seconds since the Unix epoch. */
export interface Client {
  /** Its id, such as `C.1a2b3c4d5e6f7a8b`; never changes. */
  id: string;
  /** Its hostname; empty until it reported one. */
  hostname: string;
  /** Its operating system, as it was registered; empty where none was. */
  os: string;
  /** Its labels, sorted. They compare without regard to ASCII case. */
  labels: string[];
  /** When it was registered, or first reported. */
  firstSeen: number;
  /** When it last reported anything; 0 where it has not reported yet. */
  lastSeen: number;
}

/** Clients that match, ordered by id: `label:X`, `host:X` (`*` stands for any characters), `client:X`, `all`, or bare text. They are fetched as they are
 * asked for, a thousand at a time. */
export function search(query: string): Generator<Client, void>;
/** The client of this id, if there is one that a granted search term matches. */
export function get(id: string): Client | undefined;
