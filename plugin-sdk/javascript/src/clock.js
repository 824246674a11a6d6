import { call, wants } from "./host.js";

wants("clock");

export function now() {
  return call("clock", "now");
}
