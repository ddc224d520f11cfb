import countOff from "#shaders/sampling/count/off.wgsl";
import countOn from "#shaders/sampling/count/on.wgsl";
import source from "#shaders/sampling/sample.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { fieldsOf } from "../../options/checks.ts";
import { ShapeError } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkCall, intoOf, tensorFields } from "../define/arguments.ts";
import { defineKernel, type Into } from "../define/kernel.ts";
import { maxBatch } from "../step.ts";

/** Maximum vocabulary for sampling, so that sums of the integer weights, with rounding, fit u32. */
export const maxVocabulary = 2 ** 18;

/** The value of `chosen` for a row that has ended. */
export const noToken = 0xffffffff;

/** The value of `chosen` for a row with a logit that is not finite, where logits are checked. */
export const notFinite = 0xfffffffe;

/** One step of sampling: `logits [b, v]`, `settings [64, 8]`; `step [64, 4]` and `counts [b, v]` (u32) are changed. */
export interface SampleTensors {
  readonly logits: Tensor;
  readonly settings: Tensor;
  readonly step: Tensor;
  readonly counts?: Tensor | undefined;
}

/** The step and the counts, updated, and the tokens drawn: `chosen [b]` (u32), `noToken` for rows that have ended. */
interface Sampled {
  readonly step: Tensor;
  readonly chosen: Tensor;
  readonly counts?: Tensor;
}

const fields = tensorFields("logits", "settings", "step", "counts?");
const choices = fieldsOf({ into: intoOf("chosen") });

/**
 * How logits are checked: a row with one that is NaN or infinite gives `notFinite`, −∞ excepted where it is restricted.
 */
interface SampleChecks {
  readonly check?: "on" | "restricted";
}

/** The kernel under `sample`. */
const sampleKernel = defineKernel({
  name: "sampling/sample",
  source,
  inputs: { logits: "[b, v]", settings: "[64, 8]" },
  inout: { step: "[64, 4]", "counts?": "[b, v]" },
  outputs: { chosen: "[b]" },
  accepts: { step: ["u32"], counts: ["u32"] },
  dtypes: () => ({ chosen: "u32" }),
  params: ({ b, v }, _: SampleChecks & Into<{ chosen: string }>) => ({ b, v }),
  specialise: (_, { check }, { dtypes }) => ({
    parts: [dtypes["counts"] ? countOn : countOff],
    constants: { CHECKED: check !== undefined, RESTRICTED: check === "restricted" },
  }),
  workgroups: ({ b }) => [b],
  cost: ({ b, v }) => ({ flops: 6 * b * v }),
  check: ({ b, v }) => {
    if (b > maxBatch) throw new ShapeError(`sampling/sample: ${b} rows, a step has ${maxBatch}`);
    if (v > maxVocabulary) throw new ShapeError(`sampling/sample: ${v} tokens in a row, at most ${maxVocabulary}`);
  },
});

/**
 * Draws a token for every live row of `step` by the row's settings (`packSettings`), and advances the step: `token`
 * becomes the one drawn, `position` increases by `tokens`, `tokens` becomes 1. Rows whose `tokens` is 0 have ended and
 * do not change. With `counts`, the drawn token's count increases by one.
 *
 * In this order: temperature (0 takes the largest logit, the lowest index on ties); top-k, ties kept; top-p over the
 * rest (Holtzman et al. 2019, section 3.1), ties kept; min-p (Nguyen et al. 2024). Penalties are `penalise`'s. The draw
 * inverts the cumulative distribution, in integers, at a random word of Threefry-2x32 (Salmon et al. 2011) whose key is
 * the row's seed and whose counter is the position of the new token, so that it does not depend on the row's index in
 * the batch. NaN counts as −∞, which is never drawn; a row with no logit above −∞ gives token 0. If the largest logit
 * is +∞, all tokens with it share the probability. Throws `ShapeError` for more than 64 rows or 2¹⁸ tokens.
 */
export function sample(gpu: Gpu, tensors: SampleTensors, options: Into<{ chosen: string }> = {}): Sampled {
  checkCall("sample", fields, tensors, choices, options);
  const { logits, settings, step, counts } = tensors;
  const { chosen } = sampleKernel(gpu, { logits, settings, step, counts }, options);
  return counts ? { step, chosen, counts } : { step, chosen };
}

/**
 * As `sample`, with `notFinite` for rows with a logit that is NaN or infinite; these end. Where logits are
 * `restricted`, −∞ is a token that may not come next.
 */
export function sampleFinite(
  gpu: Gpu,
  { logits, settings, step, counts }: SampleTensors,
  { restricted = false }: { readonly restricted?: boolean } = {},
): { readonly chosen: Tensor } {
  return sampleKernel(gpu, { logits, settings, step, counts }, { check: restricted ? "restricted" : "on" });
}
