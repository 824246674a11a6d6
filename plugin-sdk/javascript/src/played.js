// The contract's interfaces, played: the names and shapes of the bindings, over what a World holds.

import { joined } from "./bytes.js";
import { Secret } from "./http.js";

const refuse = (tag, val) => {
  throw { tag, val };
};

// The interfaces of a world, each of which refuses all where it is denied.
export function played(world) {
  const all = { clients: clients(world), labels: labels(world), http: http(world), mail: mail(world), state: state(world), log: log(world), clock: { now: () => world.now } };
  for (const name of world.denied) {
    const refusing = Object.keys(all[name]).map((operation) => [operation, () => refuse("denied", `grant \`${name}\``)]);
    all[name] = name === "log" ? undefined : Object.fromEntries(refusing);
  }
  return all;
}

function clients(world) {
  return {
    search(query, limit, after) {
      if (query === "") {
        refuse("invalid-query", "it is empty");
      }
      const sorted = [...world.clients.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
      return sorted.filter((client) => (after === undefined || client.id > after) && matches(query, client)).slice(0, limit);
    },
    get: (id) => world.clients.get(id),
  };
}

function matches(query, client) {
  const [, kind, text] = /^(?:(label|host|client):)?(.*)$/s.exec(query.toLowerCase());
  switch (kind) {
    case "label":
      return client.labels.some((label) => label.toLowerCase() === text);
    case "host":
      return new RegExp(`^${text.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")}$`, "s").test(client.hostname.toLowerCase());
    case "client":
      return client.id.toLowerCase() === text;
    default:
      return text === "all" || [client.id, client.hostname, ...client.labels].some((place) => place.toLowerCase().includes(text));
  }
}

function labels(world) {
  const client = (id, given) => {
    for (const label of given) {
      if (!/^[^,\p{Cc}]{1,64}$/u.test(label) || label.trim() !== label) {
        refuse("invalid-label", label);
      }
    }
    return world.clients.get(id) ?? refuse("unknown-client", id);
  };
  const among = (label, some) => some.some((other) => other.toLowerCase() === label.toLowerCase());
  return {
    add(id, given) {
      const found = client(id, given);
      found.labels = [...found.labels, ...given.filter((label) => !among(label, found.labels))].sort();
    },
    remove(id, given) {
      const found = client(id, given);
      found.labels = found.labels.filter((label) => !among(label, given));
    },
  };
}

function http(world) {
  const text = ({ tag, val }) => (tag === "secret" ? new Secret(val.parameter, val.prefix) : val);
  // A secret is shown by its name.
  const written = (body, places) => {
    const pieces = [];
    let done = 0;
    for (const { at, parameter } of places) {
      pieces.push(body.subarray(done, at), new TextEncoder().encode(`{${parameter}}`));
      done = at;
    }
    pieces.push(body.subarray(done));
    return joined(pieces, pieces.reduce((sum, piece) => sum + piece.length, 0));
  };
  return {
    send: ({ method, url, headers, body, bodySecrets, timeoutMs, once }) =>
      world.answer({
        method,
        url: text(url),
        headers: headers.map(({ name, value }) => [name, text(value)]),
        body: new TextDecoder().decode(written(body, bodySecrets)),
        timeout: timeoutMs === undefined ? undefined : timeoutMs / 1000,
        once,
      }),
    forget: (once) => world.journal.delete(once),
  };
}

function mail(world) {
  return { send: (message) => world.deliver(message) };
}

function state(world) {
  const key = (given) => (/^[^\p{Cc}]+$/u.test(given) && new TextEncoder().encode(given).length <= 256 ? given : refuse("invalid-key", given));
  return {
    get: (given) => world.state.get(key(given)),
    set: (given, value) => void world.state.set(key(given), value),
    remove: (given) => void world.state.delete(key(given)),
    keys: (prefix) => [...world.state.keys()].filter((given) => given.startsWith(prefix)).sort(),
  };
}

function log(world) {
  return { write: (level, text) => void world.lines.push({ level, text }) };
}
