// What models whose layers carry states need: loaded with the first of them.
export { stateFamilies } from "./decoders/state-families.ts";
export { stateLoader } from "./weights/state-weights.ts";
