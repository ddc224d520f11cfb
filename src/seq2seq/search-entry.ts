// What beam search takes, loaded with the first generation that has beams.
export { checkBeams } from "../generate/beams/options.ts";
export { search } from "./beams.ts";
