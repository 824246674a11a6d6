// Text that came from an endpoint, for people to read.

// Control characters, separators of lines, and what is not seen: marks of direction, of no width, of formats, and tags.
const UNSEEN =
  /[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]/gu;

export function printable(text) {
  return text.toWellFormed().replace(UNSEEN, (letter) => {
    const point = letter.codePointAt(0);
    if (point < 0x20) {
      return String.fromCharCode(0x2400 + point);
    }
    return point === 0x7f ? "\u2421" : `<U+${point.toString(16).toUpperCase().padStart(4, "0")}>`;
  });
}

export function cut(text, longest) {
  if (text.length <= longest) {
    return text;
  }
  // Not between the halves of a character.
  const split = /[\ud800-\udbff]/.test(text[longest - 1] ?? "") ? longest - 1 : longest;
  return `${text.slice(0, split)}… (${text.length - split} more characters)`;
}

// A column's value as text.
export function shown(value) {
  if (typeof value === "string") {
    return value;
  }
  return value === null || value === undefined ? "" : JSON.stringify(value);
}

// How much of a value goes into a template.
const LONGEST_VALUE = 4_096;

export function fill(template, columns) {
  return template.replace(/\{([^{}]+)\}/g, (_, path) => cut(shown(column(columns, path)), LONGEST_VALUE));
}

// The value at `a.b.c`: of a column that has this very name, or within one.
function column(columns, path) {
  if (Object.hasOwn(columns, path)) {
    return columns[path];
  }
  let value = columns;
  for (const name of path.split(".")) {
    if (value === null || typeof value !== "object" || !Object.hasOwn(value, name)) {
      return undefined;
    }
    value = value[name];
  }
  return value;
}
