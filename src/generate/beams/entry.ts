// Beam search and bans, loaded with the first generation that uses them.

export { withoutRepeats } from "./bans.ts";
export { checkOnlyWithBeams } from "./options.ts";
export { searchBeams } from "./search-beams.ts";
