/** The turn's time: when its first try began, in seconds since the Unix epoch. The same at every call and on every try of the turn, so that a turn done
 * again comes out the same; it can't be used to measure. Needs the grant `clock`. */
export function now(): number;
