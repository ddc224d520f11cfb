import source from "#shaders/alignment/scores.wgsl";
import vectorFour from "#shaders/lib/vector/four.wgsl";
import vectorOne from "#shaders/lib/vector/one.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { fieldsOf } from "../../options/checks.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkCall, intoOf, tensorFields } from "../define/arguments.ts";
import { defineKernel, type Into } from "../define/kernel.ts";

/** The tensors of additive scores, all f32. */
export interface AdditiveScoresTensors {
  /** Queries after their linear layer, `[b, t, a]`. */
  readonly query: Tensor;
  /** Keys after theirs, `[b, s, a]`. */
  readonly keys: Tensor;
  /** `[a]` */
  readonly v: Tensor;
}

const kernel = /* @__PURE__ */ defineKernel({
  name: "alignment/scores",
  source,
  inputs: { query: "[b, t, a]", keys: "[b, s, a]", v: "[a]" },
  outputs: { scores: "[b, t, s]" },
  params: ({ b, t, s, a }) => ({ b, t, s, width: a % 4 === 0 ? a / 4 : a }),
  specialise: ({ a }) => ({ parts: [a % 4 === 0 ? vectorFour : vectorOne] }),
  threads: ({ b, t, s }) => b * t * s,
  // 15 operations of tanh and a sum each, and a multiply-add.
  cost: ({ b, t, s, a }) => ({ flops: 18 * b * t * s * a, requestedBytes: 4 * b * t * s * (3 * a + 1) }),
});

const tensors = /* @__PURE__ */ tensorFields("query", "keys", "v");
const intoScores = /* @__PURE__ */ fieldsOf({ into: intoOf("scores") });

/**
 * Scores of additive attention (Bahdanau, Cho and Bengio 2015, appendix A.1.2), for each pair of a query and a key:
 * `scores[b, t, s] = Σ v[i] · tanh(query[b, t, i] + keys[b, s, i])`. query `[b, t, a]`, keys `[b, s, a]`, v `[a]` →
 * scores `[b, t, s]`.
 *
 * @throws ShapeError for shapes that do not fit.
 */
export function additiveScores(
  gpu: Gpu,
  given: AdditiveScoresTensors,
  options: Into<{ readonly scores: Tensor }> = {},
): { readonly scores: Tensor } {
  checkCall("additiveScores", tensors, given, intoScores, options);
  const heading = { op: "additiveScores", variant: "additiveScores", options: {}, by: additiveScores };
  return gpu.group({ ...heading, tensors: given }, () => kernel(gpu, given, options));
}
