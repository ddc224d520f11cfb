import source from "#shaders/sampling/penalise.wgsl";
import { ShapeError } from "../../tensor/shape.ts";
import { withOptions } from "../arguments.ts";
import { defineKernel } from "../kernel.ts";
import { maxBatch } from "../step.ts";

/**
 * Logits under the penalties of each row's settings: repetition divides positive and multiplies negative logits of
 * tokens in the prompt or generated (Keskar et al. 2019, section 4.1); presence and frequency apply only to generated
 * tokens and are subtracted once, or once for each occurrence (the OpenAI API's definition). `logits` and `y` are `[b,
 * v]`, `counts` `[b, v]` u32 (bit 31: in the prompt; the rest: times generated), `settings` `[64, 8]` from
 * `packSettings`. Throws `ShapeError` for more than 64 rows.
 */
export const penalise = withOptions(
  defineKernel({
    name: "sampling/penalise",
    source,
    inputs: { logits: "[b, v]", counts: "[b, v]", settings: "[64, 8]" },
    outputs: { y: "[b, v]" },
    accepts: { counts: ["u32"] },
    params: ({ b, v }) => ({ b, v }),
    threads: ({ b, v }) => b * v,
    cost: ({ b, v }) => ({ flops: 4 * b * v, requestedBytes: 44 * b * v }),
    check: ({ b }) => {
      if (b > maxBatch) throw new ShapeError(`sampling/penalise: ${b} rows, the settings have ${maxBatch}`);
    },
  }),
  {},
);
