// Why a turn does not count, and how an exception becomes text.

export class Retry extends Error {
  constructor(reason, { after = 0 } = {}) {
    super(reason);
    this.name = "Retry";
    this.after = after;
  }
}

export class Reject extends Error {
  constructor(reason) {
    super(reason);
    this.name = "Reject";
  }
}

export class CapabilityError extends Error {
  constructor(capability, reason, text) {
    super(text);
    this.name = "CapabilityError";
    this.capability = capability;
    this.reason = reason;
  }
}

export class Denied extends CapabilityError {
  constructor(capability, text) {
    super(capability, "denied", `${capability}: denied: ${text}`);
    this.name = "Denied";
  }
}

const MOST_PLACES = 6;
const MOST_CAUSES = 4;

// An exception's name, text, place and causes, for the operator. `places` turns a line of the bundle into one of a source file.
export function describe(error, places) {
  let text = one(error, places);
  let cause = error?.cause;
  for (let causes = 0; cause !== undefined && causes < MOST_CAUSES; causes++) {
    text += `; because of ${one(cause, places)}`;
    cause = cause?.cause;
  }
  return text;
}

function one(error, places) {
  if (!(error instanceof Error)) {
    return `${printable(error)} was thrown`;
  }
  const text = error.message ? `${error.name}: ${error.message}` : error.name;
  const where = trace(String(error.stack ?? ""), places);
  return where.length > 0 ? `${text} (${where.join(", ")})` : text;
}

function printable(value) {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}

// Where it was thrown and through what it came, innermost first, without the SDK's own functions. V8 and QuickJS write `at name (file:line:column)`,
// SpiderMonkey writes `name@file:line:column`.
function trace(stack, places) {
  const found = [];
  for (const line of stack.split("\n")) {
    const frame = /^\s*at (?:(.*?) )?\(?([^()\s]+?):(\d+)(?::\d+)?\)?$/.exec(line) ?? /^([^@]*)@(.*?):(\d+)(?::\d+)?$/.exec(line);
    if (frame === null) {
      continue;
    }
    const [file, row] = places === undefined ? [frame[2], Number(frame[3])] : places(Number(frame[3]));
    if (file === undefined || /(^|[/\\])(plugin-sdk\/javascript|watchbox-sdk)\/src\//.test(file) || file.startsWith("node:")) {
      continue;
    }
    const name = (frame[1] ?? "").replace(/^.*[./<]/, "").replace(/[>].*$/, "");
    const place = `${places === undefined ? file.replace(/^.*[/\\]/, "") : file}:${row}`;
    found.push(name ? `${place} in ${name}` : place);
  }
  return found.slice(0, MOST_PLACES);
}
