// `console` over a log. Whatever is handed to it, it never throws: a line that is to help must not fail a turn.

export function consoleOver(log, describe) {
  const lines = (write) => (...values) => write(values.map((value) => inspect(value, describe)).join(" "));
  const quiet = () => {};
  return {
    debug: lines(log.debug),
    error: lines(log.error),
    info: lines(log.info),
    log: lines(log.info),
    warn: lines(log.warn),
    dir: lines(log.info),
    table: lines(log.info),
    trace: lines(log.debug),
    assert: (holds, ...values) => holds || lines(log.error)("Assertion failed:", ...values),
    // There are no groups, clocks and counts in a log.
    count: quiet,
    countReset: quiet,
    group: lines(log.info),
    groupCollapsed: lines(log.info),
    groupEnd: quiet,
    time: quiet,
    timeEnd: quiet,
    timeLog: quiet,
  };
}

// Values as text: JSON, as far as that has a form for them.
function inspect(value, describe) {
  try {
    if (typeof value === "string") {
      return value;
    }
    if (value instanceof Error) {
      return describe(value);
    }
    if (typeof value !== "object" || value === null) {
      return String(value);
    }
    return JSON.stringify(value, plain(describe));
  } catch {
    // Circular, or with a `toJSON` or a property that throws.
    return "(an object that can't be written)";
  }
}

// What JSON has no form for, as what is like it or as text.
function plain(describe) {
  return (_, value) => {
    if (value instanceof Map) {
      return Object.fromEntries(value);
    }
    if (value instanceof Set) {
      return [...value];
    }
    if (value instanceof Error) {
      return describe(value);
    }
    const isText = ["bigint", "function", "symbol", "undefined"].includes(typeof value) || (typeof value === "number" && !Number.isFinite(value));
    return isText ? String(value) : value;
  };
}
