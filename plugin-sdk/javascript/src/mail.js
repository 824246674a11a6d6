import { call, wants } from "./host.js";

wants("mail");

export function send(to, subject, text, { once } = {}) {
  return call("mail", "send", { to: typeof to === "string" ? [to] : [...to], subject, text, once });
}
