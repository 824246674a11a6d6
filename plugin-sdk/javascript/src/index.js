// Write watchbox artifacts in JavaScript and TypeScript: see README.md.

export { Artifact } from "./artifact.js";
export { bytes, fromBytes, toText, fromText } from "./bytes.js";
export { CapabilityError, Denied, Reject, Retry } from "./failure.js";
export { integer } from "./values.js";
