// Which PowerShells a command line starts: itself one, or one behind cmd or another program that starts what it is told to.

import { args, first, program, trim } from "./argv.js";

const MAX_DEPTH = 8;

// Which PowerShell a program's name means: they differ in their parameters.
const SHELLS = new Map([
  ["powershell", "windows"],
  ["pwsh", "core"],
  ["pwsh-preview", "core"],
]);
// By its name or by the variable that holds it; a service's command line doubles the percent signs.
const CMD = new Set(["cmd", "%comspec%", "%%comspec%%"]);
// Programs, and commands of cmd, that run what stands in their arguments.
const LAUNCHERS = new Set("start call if for forfiles conhost runas psexec psexec64 paexec wmic schtasks".split(" "));

// A program's name in lower case, without its folder and `.exe`.
const baseName = (name) => name.trim().replace(/^.*[\\/]/s, "").toLowerCase().replace(/\.exe$/, "");

// Each PowerShell that `line` starts, in order: which it is, and its arguments.
export function shells(line) {
  const found = [];
  find(line, 0, found);
  return found;
}

function find(line, depth, found) {
  if (depth === MAX_DEPTH) {
    return;
  }
  const [named, rest] = program(line);
  const name = baseName(named);
  let path;
  if (SHELLS.has(name)) {
    found.push([SHELLS.get(name), args(rest)]);
  } else if (CMD.has(name)) {
    const before = found.length;
    for (const script of cmdScripts(rest)) {
      if (found.length === before) {
        findInScript(script, depth, found);
      }
    }
  } else if (LAUNCHERS.has(name)) {
    findInArguments(rest, depth, found);
  } else if ((path = unquotedPath(line)) !== undefined) {
    found.push(path);
  } else if (named.includes("^")) {
    // As it was typed to cmd, which is not in the line itself.
    findInScript(line, depth, found);
  }
}

function findInScript(script, depth, found) {
  for (const command of cmdCommands(script)) {
    find(command, depth + 1, found);
  }
}

// A launcher's arguments: a program and its arguments, or a whole command line in one argument.
function findInArguments(rest, depth, found) {
  rest = trim(rest);
  while (rest !== "") {
    const [argument, behind] = first(rest);
    const name = baseName(argument);
    if (SHELLS.has(name) || CMD.has(name)) {
      find(rest, depth + 1, found);
      return;
    }
    if (/[ \t]/.test(argument)) {
      find(argument, depth + 1, found);
    }
    rest = trim(behind);
  }
}

// A path with spaces and without quotes, as in `C:\Program Files\PowerShell\7\pwsh.exe -e`: Windows tries it word by word.
function unquotedPath(line) {
  line = line.trimStart();
  if (line.slice(1, 3) !== ":\\") {
    return undefined;
  }
  const ends = [...line.matchAll(/[ \t]/g)].map((match) => match.index).concat(line.length);
  for (const end of ends.slice(1, 9)) {
    const path = line.slice(0, end);
    if (path.includes('"')) {
      return undefined;
    }
    const shell = SHELLS.get(baseName(path));
    if (shell !== undefined) {
      return [shell, args(line.slice(end))];
    }
  }
  return undefined;
}

// What cmd is told to run: what follows its switch `/c`, `/k` or `/r`. Where that begins with a quote there are two readings, since cmd takes
// that quote and the last one off only if some conditions hold; the usual one comes first.
function cmdScripts(rest) {
  for (;;) {
    rest = rest.replace(/^[ \t,;=]+/, "");
    if (rest[0] !== "/" || rest.length < 2) {
      return [];
    }
    const more = rest.slice(2);
    if (/[ckr]/i.test(rest[1])) {
      rest = trim(more);
      break;
    }
    rest = more.replace(/^[^ \t/]+/, "");
  }
  const script = rest;
  if (!script.startsWith('"')) {
    return [script];
  }
  const last = script.lastIndexOf('"');
  return [last === 0 ? script.slice(1) : script.slice(1, last) + script.slice(last + 1), script];
}

// The commands of a cmd script, as the programs are given them: divided at `&`, `|` and line ends, without carets, redirections, and the
// parentheses and `@` before them. All of these are plain within quotes.
function cmdCommands(script) {
  const commands = [""];
  let quoted = false;
  const push = (text) => (commands[commands.length - 1] += text);
  for (let at = 0; at < script.length; ) {
    const letter = script[at++];
    if (letter === '"') {
      quoted = !quoted;
      push(letter);
    } else if (quoted && letter !== "\n") {
      push(letter);
    } else if (letter === "^") {
      push(script.slice(at, ++at));
    } else if (/[&|\n\r]/.test(letter)) {
      quoted = false;
      commands.push("");
    } else if ((letter === "(" || letter === "@") && commands.at(-1).trim() === "") {
      continue;
    } else if (letter === ">" || letter === "<") {
      // `2>` says which handle; `a2>` ends in a word of its own.
      commands.push(`${commands.pop().replace(/(?<=[ \t])[0-9]$/, "")} `);
      const target = /[><& \t]*[^ \t&|\n<>]*/y;
      target.lastIndex = at;
      at += target.exec(script)[0].length;
    } else {
      push(letter);
    }
  }
  return commands;
}
