// PowerShell's own parameters: which argument is the encoded command.
//
// The rules are those of `CommandLineParameterParser`: a parameter may be shortened to any prefix of at least some length, the first table entry
// that fits wins, and from `-Command`, `-File` or the first argument that is no parameter on, all is script text.

// A parameter, the length of its shortest form, and what it does to the arguments behind it: `flag` nothing, `value` takes the next one, `encoded` takes
// it as the encoded command, `file` takes all of them unless its value is `-` (read from stdin), `script` takes all of them, and behind
// `ends` nothing matters, since the shell shows something and ends.
const BOTH = [
  ["help", 1, "ends"],
  ["?", 1, "ends"],
  ["noexit", 3, "flag"],
  ["noprofile", 3, "flag"],
  ["nologo", 3, "flag"],
  ["noninteractive", 4, "flag"],
  ["socketservermode", 2, "flag"],
  ["v2socketservermode", 4, "flag"],
  ["servermode", 1, "flag"],
  ["namedpipeservermode", 3, "flag"],
  ["sshservermode", 4, "flag"],
  ["noprofileloadtime", 17, "flag"],
  ["configurationfile", 17, "value"],
  ["configurationname", 6, "value"],
  ["custompipename", 3, "value"],
  ["commandwithargs", 15, "script"],
  ["cwa", 3, "script"],
  ["command", 1, "script"],
  ["windowstyle", 1, "value"],
  ["file", 1, "file"],
  ["isswait", 7, "flag"],
  ["outputformat", 1, "value"],
  ["of", 2, "value"],
  ["inputformat", 3, "value"],
  ["if", 2, "value"],
  ["executionpolicy", 2, "value"],
  ["ep", 2, "value"],
  ["encodedcommand", 1, "encoded"],
  ["ec", 1, "encoded"],
  ["encodedarguments", 8, "value"],
  ["ea", 2, "value"],
  ["settingsfile", 8, "value"],
  ["sta", 3, "flag"],
  ["mta", 3, "flag"],
  ["workingdirectory", 2, "value"],
  ["wd", 2, "value"],
  ["removeworkingdirectorytrailingcharacter", 39, "flag"],
  ["token", 2, "value"],
  ["utctimestamp", 3, "value"],
];

// What is tried earlier for one of the two stands before what both have.
const TABLES = {
  windows: [
    ["version", 1, "value"],
    ["psconsolefile", 1, "value"],
    ["importsystemmodules", 3, "flag"],
    ["inputformat", 1, "value"],
    ...BOTH,
  ],
  core: [
    ["version", 1, "ends"],
    ["login", 1, "flag"],
    ["interactive", 1, "flag"],
    ...BOTH,
  ],
};

// The encoded command among the arguments, as it stands there, and what is odd about it.
export function payload(shell, given) {
  let found;
  const oddities = [];
  for (let at = 0; at < given.length; at++) {
    const key = /^(?:[-\u2013\u2014\u2015]|\/)[-\u2013\u2014\u2015]?(.*)$/s.exec(given[at].trim())?.[1];
    // Without a switch, the script's name or text begins here, which may not follow a command.
    const kind = key === undefined ? undefined : kindOf(shell, key);
    if (kind === "flag") {
      continue;
    }
    if (kind === "value") {
      at++;
      continue;
    }
    if (kind === "encoded" && found === undefined) {
      found = given[++at];
      if (found === undefined) {
        return undefined;
      }
      continue;
    }
    if (kind === "file" && given[++at] === "-") {
      continue;
    }
    if (kind === "ends") {
      break;
    }
    if (found !== undefined) {
      oddities.push("refused");
    } else if (key !== undefined && kind === undefined) {
      found = behindColon(shell, key, given[at + 1]);
      if (found !== undefined) {
        oddities.push("colon");
      }
    }
    break;
  }
  return found === undefined ? undefined : { payload: found, oddities };
}

function kindOf(shell, key) {
  const lower = key.toLowerCase();
  return TABLES[shell].find(([name, shortest]) => lower.length >= shortest && name.startsWith(lower))?.[2];
}

// The payload of `-EncodedCommand:payload` or `-EncodedCommand: payload`.
function behindColon(shell, key, following) {
  const at = key.search(/[:=]/);
  if (at < 0 || kindOf(shell, key.slice(0, at)) !== "encoded") {
    return undefined;
  }
  return key.slice(at + 1) || following;
}
