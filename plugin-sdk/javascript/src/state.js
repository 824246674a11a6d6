import { fromText, toText } from "./bytes.js";
import { call, wants } from "./host.js";

wants("state");

export function get(key, fallback) {
  const value = getBytes(key);
  return value === undefined ? fallback : JSON.parse(toText(value));
}

export function set(key, value) {
  setBytes(key, fromText(JSON.stringify(value)));
}

export function getBytes(key) {
  return call("state", "get", key) ?? undefined;
}

export function setBytes(key, value) {
  call("state", "set", key, value);
}

export function remove(key) {
  call("state", "remove", key);
}

export function keys(prefix = "") {
  return call("state", "keys", prefix);
}
