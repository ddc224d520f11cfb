import part from "#shaders/attention/masks/full.wgsl";
import { defineMask } from "../records/mask-record.ts";

/** Every key. */
export const full = defineMask({
  name: "full",
  part,
  parameters: {},
  convention: "full",
  closed: () => true,
  examples: () => ({ full: {} }),
});
