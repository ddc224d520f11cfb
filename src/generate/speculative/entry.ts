// Proposing tokens, loaded with the first generation that does.
export { speculate } from "./speculate.ts";
export { openDrafter, warmSpeculation } from "./speculation.ts";
