// The one hash of hash-wasm that is used, in a module of its own: what is imported whole at run time, bundlers keep whole.
export { createSHA256 } from "hash-wasm";
