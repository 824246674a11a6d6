// From a command line to arguments, by the rules of the C runtime on Windows, which both shells' programs are started through.
//
// Spaces and tabs outside of quotes divide. A quote begins or ends a quoted part and is dropped; within one, two quotes are one. `2n` backslashes
// before a quote are `n`, `2n+1` are `n` and make it a plain quote; elsewhere backslashes are plain. The program's name knows quotes only.

// `text` without the white space before it.
export const trim = (text) => text.replace(/^[ \t]+/, "");

// The program's name and what follows it, as it stands there.
export function program(line) {
  line = trim(line);
  const [name] = /^(?:"[^"]*(?:"|$)|[^" \t])*/.exec(line);
  return [name.replaceAll('"', ""), line.slice(name.length)];
}

// The arguments in what follows the program's name.
export function args(rest) {
  const found = [];
  rest = trim(rest);
  while (rest !== "") {
    const [argument, behind] = first(rest);
    found.push(argument);
    rest = trim(behind);
  }
  return found;
}

// The argument at the start of `text`, and what follows it.
export function first(text) {
  let argument = "";
  let quoted = false;
  let at = 0;
  while (at < text.length) {
    const letter = text[at];
    if (letter === '"') {
      at++;
      if (quoted && text[at] === '"') {
        argument += '"';
        at++;
      } else {
        quoted = !quoted;
      }
    } else if (letter === "\\") {
      let count = 0;
      while (text[at] === "\\") {
        at++;
        count++;
      }
      if (text[at] !== '"') {
        argument += "\\".repeat(count);
        continue;
      }
      argument += "\\".repeat(count >> 1);
      if (count % 2 === 1) {
        argument += '"';
        at++;
      }
    } else if (letter === " " || letter === "\t") {
      if (!quoted) {
        break;
      }
      argument += letter;
      at++;
    } else {
      // Everything up to the next character that means something is taken as it is.
      const plain = /[^"\\ \t]+/y;
      plain.lastIndex = at;
      argument += plain.exec(text)[0];
      at = plain.lastIndex;
    }
  }
  return [argument, text.slice(at)];
}
