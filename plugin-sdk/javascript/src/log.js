import { call, has } from "./host.js";

// Never fails: without the capability, a line is dropped.
function write(level, message) {
  if (has("log")) {
    call("log", "write", level, String(message).toWellFormed());
  }
}

export const debug = (message) => write("debug", message);
export const info = (message) => write("info", message);
export const warn = (message) => write("warn", message);
export const error = (message) => write("error", message);
