import source from "#shaders/alignment/scores-backward.wgsl";
import vectorFour from "#shaders/lib/vector/four.wgsl";
import vectorOne from "#shaders/lib/vector/one.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { boolean, fieldsOf, object } from "../../options/checks.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { reshape } from "../../tensor/views.ts";
import { checkCall, tensorFields } from "../define/arguments.ts";
import { defineKernel } from "../define/kernel.ts";
import { AxisSizes } from "../define/shapes.ts";
import { columnSums } from "../reduce/column-sums.ts";
import type { AdditiveScoresTensors } from "./scores.ts";

/** The tensors of `additiveScores`, and the gradient of its result. */
export interface AdditiveScoresGradientTensors extends AdditiveScoresTensors {
  /** `[b, t, s]` */
  readonly dscores: Tensor;
}

/** Which gradients are computed; default all. */
export interface AdditiveScoresBackwardOptions {
  readonly needs?: { readonly query?: boolean; readonly keys?: boolean; readonly v?: boolean } | undefined;
}

/** Gradients in the shapes of their tensors; those that are not needed may be absent. */
export interface AdditiveScoresGradients {
  readonly dquery?: Tensor;
  readonly dkeys?: Tensor;
  readonly dv?: Tensor;
}

/** The side that the kernel computes gradients of. */
interface Side {
  readonly side: "query" | "keys";
}

const kernel = /* @__PURE__ */ defineKernel({
  name: "alignment/scores-backward",
  source,
  inputs: { x: "[b, n, a]", others: "[b, m, a]", v: "[a]", dscores: "[b, t, s]" },
  outputs: { dx: "[b, n, a]", shares: "[b, n, a]" },
  params: ({ b, n, m, a }, { side }: Side) => ({
    b,
    n,
    m,
    width: a % 4 === 0 ? a / 4 : a,
    own: side === "query" ? m : 1,
    other: side === "query" ? 1 : n,
  }),
  specialise: ({ a }) => ({ parts: [a % 4 === 0 ? vectorFour : vectorOne] }),
  threads: ({ b, n, a }) => b * n * (a % 4 === 0 ? a / 4 : a),
  // Of a pair, 15 operations of tanh, the sum in it, 1 - u² and two multiply-adds.
  cost: ({ b, n, m, a }) => ({
    flops: b * n * a * (22 * m + 1),
    requestedBytes: 4 * b * n * (a * (m + 4) + (m * a) / (a % 4 === 0 ? 4 : 1)),
  }),
});

const tensors = /* @__PURE__ */ tensorFields("query", "keys", "v", "dscores");
const fields = /* @__PURE__ */ fieldsOf<AdditiveScoresBackwardOptions>({
  needs: object({ query: boolean, keys: boolean, v: boolean }),
});

/**
 * Gradients of `additiveScores`: with `u = tanh(query + keys)` of each pair, `dquery = v · Σ dscores · (1 − u²)` over
 * the keys, `dkeys` likewise over the queries, and `dv = Σ dscores · u` over all pairs. Nothing is kept of the forward
 * pass. A call gives the same bits every time.
 *
 * @throws ShapeError for shapes that do not fit; OptionError for other options.
 */
export function additiveScoresBackward(
  gpu: Gpu,
  given: AdditiveScoresGradientTensors,
  options: AdditiveScoresBackwardOptions = {},
): AdditiveScoresGradients {
  checkCall("additiveScoresBackward", tensors, given, fields, options);
  const sizes = new AxisSizes("additiveScoresBackward");
  const patterns = { query: "[b, t, a]", keys: "[b, s, a]", v: "[a]", dscores: "[b, t, s]" } as const;
  for (const [name, pattern] of Object.entries(patterns)) {
    sizes.match(name, pattern, given[name as keyof typeof patterns].shape);
  }
  const heading = { op: "additiveScoresBackward", variant: "additiveScoresBackward", options: { ...options } };
  return gpu.group({ ...heading, by: additiveScoresBackward, tensors: given }, () => bySides(gpu, given, options));
}

function bySides(
  gpu: Gpu,
  { query, keys, v, dscores }: AdditiveScoresGradientTensors,
  { needs = {} }: AdditiveScoresBackwardOptions,
): AdditiveScoresGradients {
  using scope = gpu.scope();
  const wanted = (name: keyof typeof needs) => needs[name] !== false;
  const found: { dquery?: Tensor; dkeys?: Tensor; dv?: Tensor } = {};
  if (wanted("query") || wanted("v")) {
    const { dx, shares } = kernel(gpu, { x: query, others: keys, v, dscores }, { side: "query" });
    if (wanted("query")) found.dquery = scope.keep(dx);
    const width = v.size;
    if (wanted("v")) found.dv = scope.keep(columnSums(gpu, { x: reshape(shares, [shares.size / width, width]) }).y);
  }
  if (wanted("keys")) {
    found.dkeys = scope.keep(kernel(gpu, { x: keys, others: query, v, dscores }, { side: "keys" }).dx);
  }
  return found;
}
