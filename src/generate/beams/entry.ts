// What beam search and bans take, loaded with the first generation that has them.
export { checkOnlyWithBeams } from "./only-with-beams.ts";
export { searchBeams } from "./search-beams.ts";
export { withoutRepeats } from "./without-repeats.ts";
