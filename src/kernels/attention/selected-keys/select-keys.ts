import vectorFour from "#shaders/lib/vector/four.wgsl";
import vectorOne from "#shaders/lib/vector/one.wgsl";
import scoresSource from "#shaders/selected-keys/index-scores.wgsl";
import selectSource from "#shaders/selected-keys/select.wgsl";
import type { Gpu } from "../../../gpu/gpu.ts";
import { constantsOf } from "../../../gpu/shader/specialise.ts";
import { fieldsOf, integer, required } from "../../../options/checks.ts";
import { ShapeError } from "../../../tensor/shape.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { checkCall, tensorFields, withOptions } from "../../define/arguments.ts";
import { defineKernel } from "../../define/kernel.ts";

/** Where the queries of an indexer are. */
export interface IndexOptions {
  /**
   * Position of the first query.
   * @defaultValue s − t
   */
  readonly start?: number | undefined;
}

const sizes = /* @__PURE__ */ constantsOf(scoresSource, "WORKGROUP", "QUERIES");

/** The vectors of a key are in registers. */
const widest = 256;

/** Pairs of a query and a key up to it. */
const pairsOf = (t: number, s: number, start: number) => {
  let pairs = 0;
  for (let row = 0; row < t; row++) pairs += Math.min(s, Math.max(0, start + row + 1));
  return pairs;
};

/**
 * Scores of keys for a selection (DeepSeek-AI 2025, the lightning indexer): q `[b, h, t, d]`, one head of keys k
 * `[b, s, d]` and weights `[b, t, h]` → scores `[b, t, s]`, `Σ weights[t, h] · max(0, q[h, t] · k[s])` over the heads,
 * and −∞ for keys after the query. Throws `ShapeError` for keys wider than 256.
 */
export const indexScores = /* @__PURE__ */ withOptions(
  defineKernel({
    name: "selected-keys/index-scores",
    source: scoresSource,
    inputs: { q: "[b, h, t, d]", k: "[b, s, d]", weights: "[b, t, h]" },
    outputs: { scores: "[b, t, s]" },
    check: ({ d }) => {
      if (d === 0 || d > widest) throw new ShapeError(`selected-keys/index-scores: d is ${d}, expected 1 to ${widest}`);
    },
    params: ({ h, t, s }, { start = s - t }: IndexOptions) => ({ h, t, s, start }),
    specialise: ({ d }) => ({
      parts: [d % 4 === 0 ? vectorFour : vectorOne],
      constants: { VECTORS: d % 4 === 0 ? d / 4 : d },
    }),
    workgroups: ({ b, t, s }) => [Math.ceil(s / sizes.WORKGROUP), Math.ceil(t / sizes.QUERIES), b],
    cost: ({ b, h, t, s, d }, { start = s - t }) => {
      const pairs = pairsOf(t, s, start);
      return {
        flops: 2 * b * pairs * h * (d + 1),
        requestedBytes: 4 * b * (Math.ceil(t / sizes.QUERIES) * s * d + pairs * h * (d + 1) + t * s),
      };
    },
  }),
  { start: integer(1 - 2 ** 30, 2 ** 30 - 1) },
);

/** How many keys of a row are selected. */
export interface SelectOptions {
  readonly count: number;
}

const selectKernel = /* @__PURE__ */ defineKernel({
  name: "selected-keys/select",
  source: selectSource,
  inputs: { logits: "[...rows, s]" },
  outputs: { indices: "[...rows, count]" },
  dtypes: () => ({ indices: "u32" as const }),
  axes: (_axes, { count }: SelectOptions) => ({ count }),
  params: ({ rows, s, count }) => ({ rows, s, count }),
  workgroups: ({ rows }) => [rows],
  cost: ({ rows, s, count }) => ({ flops: 0, requestedBytes: 4 * rows * (6 * s + count) }),
});

const selectTensors = /* @__PURE__ */ tensorFields("scores");
const selectOptions = /* @__PURE__ */ fieldsOf<SelectOptions>({ count: required(integer(1, 2 ** 24)) });

/**
 * The indices of the `count` largest of each row's scores, u32 `[..., count]` in ascending order; of equal scores those
 * of lower indices. Scores of NaN and −∞ are not selected: 2³² − 1 fills what is left. scores `[..., s]`.
 */
export function selectKeys(
  gpu: Gpu,
  tensors: { readonly scores: Tensor },
  options: SelectOptions,
): { readonly indices: Tensor } {
  checkCall("selectKeys", selectTensors, tensors, selectOptions, options);
  return selectKernel(gpu, { logits: tensors.scores }, options);
}
