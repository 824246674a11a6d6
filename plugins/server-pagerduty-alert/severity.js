// PagerDuty's four severities, and the words that others have for them.

const WORDS = {
  critical: ["critical", "crit", "fatal", "emergency", "emerg", "alert", "severe"],
  error: ["error", "err", "high", "major"],
  warning: ["warning", "warn", "medium", "moderate", "minor"],
  info: ["info", "information", "informational", "notice", "low", "debug", "ok"],
};

const SEVERITIES = new Map(Object.entries(WORDS).flatMap(([severity, words]) => words.map((word) => [word, severity])));

// The severity that a text means; `error` for what is no word for one, so that nobody is left asleep by a typing mistake.
export function severityOf(text) {
  return SEVERITIES.get(text.trim().toLowerCase()) ?? "error";
}

export function isSeverity(text) {
  return SEVERITIES.has(text.trim().toLowerCase());
}
