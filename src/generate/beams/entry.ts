// What beam search and bans take, loaded with the first generation that has them.
export { generateBeams } from "./generate-beams.ts";
export { withoutRepeats } from "./without-repeats.ts";
