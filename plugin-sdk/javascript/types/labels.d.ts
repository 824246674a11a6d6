/** Puts labels on clients and takes them off, as part of the turn. Needs the grant `labels`. */

/** Puts labels on a client: all of them, or on an error none. One that it carries already is left as it is. */
export function add(clientId: string, ...labels: string[]): void;
/** Takes labels off a client: all of them, or on an error none. One that it does not carry is passed over. */
export function remove(clientId: string, ...labels: string[]): void;
