// Rows and parameters as JSON, by the rules of the contract.
//
// What JSON lacks comes in changed: integers beyond 2^53-1 as decimal text, bytes as base64 text, NaN and infinities as null. On the way out
// the column types of the manifest turn text back, so BigInts go as decimal text and Uint8Arrays as base64.

import { fromAscii, toAscii, toBase64 } from "./bytes.js";

// The integer of a column of the type `int`: a number, or a BigInt where decimal text stands for what is beyond 2^53-1.
export function integer(value) {
  if (Number.isSafeInteger(value) || typeof value === "bigint") {
    return value;
  }
  if (typeof value === "string" && /^-?[0-9]+$/.test(value)) {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : BigInt(value);
  }
  throw new TypeError(`an integer is wanted, not ${JSON.stringify(value)}`);
}

export function fromHost(json) {
  return JSON.parse(toAscii(json));
}

// Rows as the host wants them; no bytes for no rows.
export function rowsToHost(rows) {
  const all = Array.isArray(rows) ? rows : Array.from(rows ?? []);
  if (all.length === 0) {
    return new Uint8Array(0);
  }
  const plain = all.map((row, index) => {
    if (row === null || typeof row !== "object" || Array.isArray(row) || ArrayBuffer.isView(row)) {
      throw new TypeError(`row ${index}: an object is wanted, not ${row === null ? "null" : Array.isArray(row) ? "an array" : typeof row}`);
    }
    return plainRow(row, index);
  });
  return fromAscii(ascii(JSON.stringify(plain)));
}

// JSON in ASCII. (JSON.stringify writes lone surrogates as escapes by itself, which the host makes U+FFFD.)
function ascii(json) {
  return /[^\x00-\x7f]/.test(json)
    ? json.replace(/[^\x00-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    : json;
}

// The row with what JSON lacks replaced; the row itself where there is nothing to replace.
function plainRow(row, index) {
  let copy;
  for (const name in row) {
    const value = row[name];
    const kind = typeof value;
    if (kind === "string" || kind === "boolean" || value === null || (kind === "number" && Number.isFinite(value))) {
      continue;
    }
    const replaced = plainValue(value, index, name);
    if (replaced !== value) {
      copy ??= { ...row };
      copy[name] = replaced;
    }
  }
  return copy ?? row;
}

function plainValue(value, index, name) {
  switch (typeof value) {
    case "number":
      if (!Number.isFinite(value)) {
        throw new RangeError(`row ${index}, column \`${name}\`: ${value} is no JSON; use null in its place`);
      }
      return value;
    case "bigint":
      return value.toString();
    case "function":
    case "symbol":
      throw new TypeError(`row ${index}, column \`${name}\`: a ${typeof value} is nothing that a row can hold`);
    case "object":
      break;
    default:
      return value;
  }
  if (ArrayBuffer.isView(value)) {
    return toBase64(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  }
  if (value === null || typeof value.toJSON === "function") {
    return value;
  }
  if (value instanceof Map || value instanceof Set) {
    throw new TypeError(`row ${index}, column \`${name}\`: a ${value.constructor.name} is nothing that a row can hold; use an object or an array`);
  }
  if (Array.isArray(value)) {
    return value.map((item) => plainValue(item, index, name));
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plainValue(item, index, name)]));
}
