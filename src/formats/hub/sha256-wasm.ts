// The one hash of hash-wasm in use, in a separate module: bundlers keep the whole of a dynamically imported module.
export { createSHA256 } from "hash-wasm";
