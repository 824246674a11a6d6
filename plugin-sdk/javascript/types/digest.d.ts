/** Digests of text, and names made of them. */

/** SHA-256 of a text in UTF-8, as 64 hexadecimal digits. It takes time: some milliseconds for a few kilobytes. */
export function digest(text: string): string;

/**
 * `once` names for the effects of one turn: make it anew in each. The same parts in the same order give the same names on every try of the turn. Parts that
 * come again, as those of two events that are alike, get a name of their own each.
 */
export class Names {
  /** The name of an effect that these parts tell apart from others. */
  of(...parts: (string | number | null | undefined)[]): string;
}
