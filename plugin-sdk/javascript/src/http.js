import { fromText, joined, toText } from "./bytes.js";
import { call, has, wants } from "./host.js";

wants("http");

export class Secret {
  constructor(parameter, prefix) {
    this.parameter = parameter;
    this.prefix = prefix;
  }
}

export function secret(parameter, prefix = "") {
  return new Secret(parameter, prefix);
}

export class Response {
  constructor(status, headers = [], body = new Uint8Array(0)) {
    this.status = status;
    this.headers = Array.isArray(headers) ? headers : Object.entries(headers);
    this.body = typeof body === "string" ? fromText(body) : body;
  }

  get ok() {
    return this.status >= 200 && this.status < 300;
  }

  header(name) {
    return this.headers.find(([given]) => given.toLowerCase() === name.toLowerCase())?.[1];
  }

  text() {
    return toText(this.body);
  }

  json() {
    return JSON.parse(this.text());
  }
}

const text = (value) =>
  value instanceof Secret ? { tag: "secret", val: { parameter: value.parameter, prefix: value.prefix } } : { tag: "plain", val: value };

/** The body without its secrets, and the place of each. */
function parts(body) {
  const whole = [];
  const bodySecrets = [];
  let length = 0;
  const add = (bytes) => {
    whole.push(bytes);
    length += bytes.length;
  };
  for (const part of Array.isArray(body) ? body : [body]) {
    if (part instanceof Secret) {
      add(fromText(part.prefix));
      bodySecrets.push({ at: length, parameter: part.parameter });
    } else {
      add(typeof part === "string" ? fromText(part) : part);
    }
  }
  return { body: whole.length === 1 ? whole[0] : joined(whole, length), bodySecrets };
}

export function request(method, url, { headers = {}, body = "", json, timeout, once } = {}) {
  const pairs = Array.isArray(headers) ? [...headers] : Object.entries(headers);
  if (json !== undefined) {
    body = JSON.stringify(json);
    pairs.push(["content-type", "application/json"]);
  }
  const answer = call("http", "send", {
    method,
    url: text(url),
    headers: pairs.map(([name, value]) => ({ name, value: text(value) })),
    ...parts(body),
    timeoutMs: timeout === undefined ? undefined : Math.max(0, Math.round(timeout * 1000)),
    once,
  });
  return new Response(answer.status, answer.headers, answer.body);
}

export function forget(once) {
  // As in the host: what was not granted has sent nothing.
  if (has("http")) {
    call("http", "forget", once);
  }
}

export const get = (url, options) => request("GET", url, options);
export const post = (url, options) => request("POST", url, options);
export const put = (url, options) => request("PUT", url, options);
