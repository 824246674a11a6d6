/** Writes lines for the operator, kept whether the turn counts or not. Needs the grant `log`; without it, or past its limit, a line is dropped. */

/** Of use only while looking for a mistake. */
export function debug(message: string): void;
/** The normal course of things. */
export function info(message: string): void;
/** Odd, but dealt with. */
export function warn(message: string): void;
/** Something failed that the operator should look at. */
export function error(message: string): void;
