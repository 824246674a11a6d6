// The host as the wrappers call it: the contract's imports in a component, a World of `testing.js` in a test.

import { CapabilityError, Denied } from "./failure.js";

let host = {};

const wanted = new Set();

// Said by the module of a capability when it is loaded.
export function wants(capability) {
  wanted.add(capability);
}

// A component whose artifact loads a capability's module without declaring it is not built.
export function checkDeclared() {
  for (const capability of wanted) {
    if (host[capability] === undefined) {
      throw new Error(`the artifact imports watchbox-sdk/${capability}: add \`${capability}: { reason: ... }\` under \`capabilities\` in artifact.yaml`);
    }
  }
}

// Puts a host in the place of the one before, which it gives back.
export function play(next) {
  const before = host;
  host = next;
  return before;
}

// Calls an interface of the contract; what it refuses becomes a CapabilityError.
export function call(capability, operation, ...values) {
  const binding = host[capability];
  if (binding === undefined) {
    throw new Denied(capability, `add \`${capability}: { reason: ... }\` under \`capabilities\` in artifact.yaml, and build again`);
  }
  try {
    return binding[operation](...values);
  } catch (error) {
    // SpiderMonkey's bindings wrap the contract's error, QuickJS's throw it bare.
    const refusal = error?.payload ?? error;
    if (typeof refusal?.tag !== "string") {
      throw error;
    }
    throw refused(capability, refusal);
  }
}

const TEXTS = {
  "invalid-query": (text) => `no search term: ${text}`,
  unavailable: (text) => `unavailable: ${text}`,
  "unknown-client": (id) => `no client ${id}`,
  "invalid-label": (label) => `no label: ${label}`,
  "invalid-request": (text) => `no request: ${text}`,
  unreachable: (text) => `unreachable: ${text}`,
  timeout: () => "no response in time",
  "too-large": (limit) => `with it there would be more than the limit of ${limit} bytes`,
  limited: (after) => `too many for now, the next one may be sent in ${after} ms`,
  "invalid-message": (text) => `no message: ${text}`,
  refused: (text) => `refused: ${text}`,
  "invalid-key": (text) => `no key: ${text}`,
};

function refused(capability, { tag, val }) {
  if (tag === "denied") {
    return new Denied(capability, val);
  }
  const error = new CapabilityError(capability, tag, `${capability}: ${TEXTS[tag]?.(val) ?? tag}`);
  if (tag === "limited") {
    error.after = val / 1000;
  }
  return error;
}

// Whether the host has this capability.
export function has(capability) {
  return host[capability] !== undefined;
}
