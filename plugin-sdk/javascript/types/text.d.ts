/** Text that came from an endpoint, for people to read. */

/** The text with what would be obeyed and not seen made visible: control characters as `␊`, `␛`, ...; marks of direction, characters of no width, tags and the like as
 * `<U+202E>`; a lone surrogate as U+FFFD. It is one line then. (What begins a link or a mention is the target's own: escape that too.) */
export function printable(text: string): string;
/** The text, or its first `longest` UTF-16 units and a note that says how many there are behind them. */
export function cut(text: string, longest: number): string;
/** A column's value as text: text as it is, nothing for null and for what is missing, JSON for all else. */
export function shown(value: unknown): string;
/** The template with each `{Column}` replaced by that column's value as text; `{Column.Name}` goes into maps. What is missing leaves
 * nothing; a text of more than 4,096 UTF-16 units is cut. */
export function fill(template: string, columns: { readonly [column: string]: unknown }): string;
