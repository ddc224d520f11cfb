import { mergedExperts } from "../../../../src/check/cases/moe/adapted.ts";
import type { Gpu } from "../../../../src/gpu/gpu.ts";
import * as ops from "../../../../src/index.ts";
import { adaptedExperts } from "../../../../src/kernels/moe/adapted-experts.ts";
import { at, type Dense, dense } from "../../../../src/reference/dense.ts";
import * as reference from "../../../../src/reference/index.ts";
import { type Tensor, tensor } from "../../../../src/tensor/tensor.ts";
import { slice, transpose } from "../../../../src/tensor/views.ts";
import { type Row, random, row, words } from "./row.ts";

const x = random([3, 7], 1, 1.5);

/** Norms, pooling, layout, products, and what mixtures of experts are made of. */
export function layerRows(gpu: Gpu): readonly Row[] {
  const eps = 0.01;
  const normed = { x: random([2, 3, 5], 7), weight: random([5], 8) };
  const residual = { ...normed, residual: random([2, 3, 5], 9) };
  /** A norm with a residual has two results, of which each gets a gradient. */
  const both = ({ sum, y }: { readonly sum: Dense; readonly y: Dense }) => ({
    y: dense(
      sum.shape,
      sum.values.map((value, i) => value * at(y.values, i)),
    ),
  });
  const bias = random([5], 10);
  const norms = [
    row(
      "rmsNorm",
      ops.rmsNorm,
      normed,
      (t) => reference.rmsNorm(t, { eps }),
      (t) => ops.rmsNorm(gpu, t, { eps }).y,
    ),
    row(
      "layerNorm",
      ops.layerNorm,
      { ...normed, bias },
      (t) => reference.layerNorm(t, { eps }),
      (t) => ops.layerNorm(gpu, t, { eps }).y,
    ),
    row(
      "addRmsNorm",
      ops.addRmsNorm,
      residual,
      (t) => both(reference.addRmsNorm(t, { eps })),
      (t) => {
        const { sum, y } = ops.addRmsNorm(gpu, t, { eps });
        return ops.mul(gpu, { a: sum, b: y }).y;
      },
    ),
    row(
      "addLayerNorm",
      ops.addLayerNorm,
      { ...residual, bias },
      (t) => both(reference.addLayerNorm(t, { eps })),
      (t) => {
        const { sum, y } = ops.addLayerNorm(gpu, t, { eps });
        return ops.mul(gpu, { a: sum, b: y }).y;
      },
    ),
  ];

  const offsets = words(gpu, [1, 4, 4, 7], 4);
  const weights = dense([8], [0.5, 1, 0, 2, 0.25, 1, 3, 1]);
  const pooled = (["sum", "max"] as const).map((operation) =>
    row(
      `reduceSegments, ${operation}`,
      ops.reduceSegments,
      { x: random([8, 5], 11) },
      ({ x }) => {
        const { y } = reference.segments({ x, weights, offsets: offsets.exact }, { operation });
        return {
          y: dense(
            y.shape,
            y.values.map((value) => (Number.isFinite(value) ? value : 0)),
          ),
        }; // of no rows: −∞
      },
      ({ x }) => {
        const given = { x, weights: tensor(gpu, [8], weights.values), offsets: offsets.u32() };
        const { y } = ops.reduceSegments(gpu, given, { operation });
        const rows = [slice(y, 0, 0, 1), ops.fill(gpu, [1, 5], 0), slice(y, 0, 2, 3)];
        return ops.concat(gpu, rows, 0);
      },
    ),
  );

  const ids = words(gpu, [3, 0, 3, 1], 4);
  const condition = words(gpu, [1, 0, 1, 1, 0, 0, 1, 0, 1, 1, 0, 1, 0, 0, 1, 1, 0, 1, 0, 1, 1], 3, 7);
  const others = [
    row(
      "contiguous, of a transposed view",
      ops.contiguous,
      { x },
      ({ x }) => reference.transpose({ x }, { order: [1, 0] }),
      ({ x }) => ops.contiguous(gpu, { x: transpose(x, [1, 0]) }).y,
    ),
    row(
      "concat of parts, one of them twice",
      ops.concat,
      { a: random([2, 3], 12), b: random([2, 4], 13) },
      ({ a, b }) => {
        const twice = reference.concat({ a, b }, { axis: 1 }).y;
        return reference.concat({ a: twice, b: a }, { axis: 1 });
      },
      ({ a, b }) => ops.concat(gpu, [a, b, a], 1),
    ),
    row(
      "slices that overlap",
      ops.add,
      { x },
      ({ x }) => {
        const part = (start: number) => reference.slice({ x }, { axis: 1, start, end: start + 4 }).y;
        return reference.add({ a: part(0), b: part(2) });
      },
      ({ x }) => ops.add(gpu, { a: slice(x, 1, 0, 4), b: slice(x, 1, 2, 6) }).y,
    ),
    row(
      "where",
      ops.where,
      { a: x, b: random([3, 7], 14) },
      (pair) => reference.where({ condition: condition.exact, ...pair }),
      (pair) => ops.where(gpu, { condition: condition.u32(), ...pair }).y,
    ),
    row(
      "cast, straight through its rounding",
      ops.cast,
      { x },
      ({ x }) => ({ y: x }),
      ({ x }) => {
        const half = ops.cast(gpu, { x }, { dtype: "f16" }).y;
        return ops.cast(gpu, { x: half }, { dtype: "f32" }).y;
      },
    ),
    row(
      "softcap",
      ops.softcap,
      { x },
      (t) => reference.softcap(t, { cap: 2 }),
      (t) => ops.softcap(gpu, t, { cap: 2 }).y,
    ),
    row(
      "gather",
      ops.gather,
      { table: random([5, 3], 15) },
      ({ table }) => reference.gather({ ids: ids.exact, table }, { scale: 2 }),
      ({ table }) => ops.gather(gpu, { ids: ids.u32(), table }, { scale: 2 }).y,
    ),
    row(
      "matmul",
      ops.matmul,
      { x, weight: random([5, 7], 16), bias },
      (t) => reference.matmul(t),
      (t) => ops.matmul(gpu, t).y,
    ),
    row(
      "gemm, one side repeated along the batch",
      ops.gemm,
      { a: random([2, 3, 4], 17), b: random([4, 5], 18), bias },
      (t) => reference.gemm(t),
      (t) => ops.gemm(gpu, t).y,
    ),
  ];

  const logits = random([5, 6], 19);
  const routing = { k: 2, scores: "softmax", normalise: false, scale: 1.5 } as const;
  const routes = [
    row(
      "route",
      ops.route,
      { logits },
      ({ logits }) => ({ y: reference.route({ logits }, routing).weights }),
      ({ logits }) => ops.route(gpu, { logits }, routing).weights,
    ),
    row(
      "expertChoice",
      ops.expertChoice,
      { logits },
      ({ logits }) => ({ y: reference.expertChoice({ logits }, { capacity: 2 }).weights }),
      ({ logits }) => ops.expertChoice(gpu, { logits }, { capacity: 2 }).weights,
    ),
  ];

  const chosen = words(gpu, [0, 1, 1, 2, 2, 0, 1, 0, 1, 2], 5, 2);
  const layer = {
    x: random([5, 4], 20),
    weights: random([5, 2], 21),
    gateUp: random([3 * 2 * 8, 4], 22),
    gateUpBias: random([3 * 2 * 8], 23),
    down: random([3 * 4, 8], 24),
    downBias: random([3 * 4], 25),
  };
  const layers = [undefined, 2].map((capacity) =>
    row(
      `experts${capacity ? ", full ones" : ""}`,
      ops.experts,
      layer,
      (given) => {
        const { experts } = capacity
          ? reference.limitCapacity({ experts: chosen.exact }, { count: 3, capacity })
          : { experts: chosen.exact };
        return reference.mixture({ ...given, experts }, { activation: "swiglu" });
      },
      (given) =>
        ops.experts(gpu, { ...given, experts: chosen.u32() }, { variant: "grouped", ...(capacity ? { capacity } : {}) })
          .y,
    ),
  );

  const stored = { gateUp: random([3 * 2 * 8, 4], 26), down: random([3 * 4, 8], 27) };
  const scales = { gateScale: random([1], 28), upScale: random([1], 29), downScale: random([1], 30) };
  const adapted = row(
    "experts with adapters",
    adaptedExperts,
    {
      x: layer.x,
      weights: layer.weights,
      gateA: random([3 * 4, 4], 31),
      gateB: random([3 * 8, 4], 32),
      upA: random([3 * 4, 4], 33),
      upB: random([3 * 8, 4], 34),
      downA: random([3 * 4, 8], 35),
      downB: random([3 * 4, 4], 36),
    },
    ({ x, weights, ...others }) => {
      const experts = chosen.exact;
      const matrices = mergedExperts({ x, weights, experts, ...stored, ...scales, ...others });
      return reference.mixture({ x, weights, experts, ...matrices }, { activation: "swiglu" });
    },
    (given) => {
      const fixed = Object.entries({ ...stored, ...scales }).map(
        ([name, { shape, values }]) => [name, tensor(gpu, shape, values)] as const,
      );
      const all = Object.fromEntries(fixed) as Record<keyof typeof stored | keyof typeof scales, Tensor>;
      return adaptedExperts(gpu, { ...all, ...given, experts: chosen.u32() }).y;
    },
  );

  const lengths = words(gpu, [3, 1], 2);
  const recurrent = ([["rnn"], ["gru"], ["gru", "before"], ["lstm"]] as const).map(([cell, reset]) => {
    const gates = { rnn: 1, gru: 3, lstm: 4 }[cell];
    const options = { cell, reset, reverse: true } as const;
    return row(
      `recurrent, ${cell}${reset ? ", reset before the product" : ""}`,
      ops.recurrent,
      {
        x: random([2, 3, 2], 41),
        weightIh: random([gates * 3, 2], 42),
        weightHh: random([gates * 3, 3], 43),
        biasIh: random([gates * 3], 44),
        biasHh: random([gates * 3], 45),
        state: random([2, 3], 46),
      },
      (given) => ({ y: reference.recurrent({ ...given, lengths: lengths.exact }, options).out }),
      (given) => ops.recurrent(gpu, { ...given, lengths: lengths.u32() }, options).out,
    );
  });

  const alignment = [
    row(
      "additiveScores",
      ops.additiveScores,
      { query: random([2, 3, 4], 51), keys: random([2, 2, 4], 52), v: random([4], 53) },
      (given) => ({ y: reference.additiveScores(given).scores }),
      (given) => ops.additiveScores(gpu, given).scores,
    ),
    row(
      "maskLengths",
      ops.maskLengths,
      { x: random([2, 3, 2], 54) },
      ({ x }) => reference.maskLengths({ x, lengths: lengths.exact }, { axis: 1, value: 0 }),
      ({ x }) => ops.maskLengths(gpu, { x, lengths: lengths.u32() }, { axis: 1, value: 0 }).y,
    ),
  ];

  const documents = words(gpu, [0, 0, 0, 1, 1], 1, 5);
  const recurrences = [
    row(
      "deltaRule",
      ops.deltaRule,
      {
        q: random([1, 1, 5, 3], 61),
        k: random([1, 1, 5, 3], 62),
        v: random([1, 2, 5, 2], 63),
        beta: random([1, 2, 5], 64),
        g: random([1, 2, 5], 65),
        state: random([1, 2, 3, 2], 66),
      },
      (given) => ({ y: reference.deltaRule({ ...given, documents: documents.exact }, { normalise: true }).out }),
      (given) => ops.deltaRule(gpu, { ...given, documents: documents.u32() }, { normalise: true }).out,
    ),
    row(
      "stateSpace",
      ops.stateSpace,
      {
        x: random([1, 2, 5, 2], 71),
        dt: random([1, 2, 5], 72),
        a: random([2], 73),
        b: random([1, 1, 5, 3], 74),
        c: random([1, 1, 5, 3], 75),
        d: random([2], 76),
        state: random([1, 2, 3, 2], 77),
      },
      (given) => ({ y: reference.stateSpace(given).y }),
      (given) => ops.stateSpace(gpu, given).y,
    ),
    row(
      "shortConvolution",
      ops.shortConvolution,
      {
        x: random([1, 5, 3], 81),
        weight: random([3, 4], 82),
        bias: random([3], 83),
        state: random([1, 3, 3], 84),
      },
      (given) => reference.shortConvolution({ ...given, documents: documents.exact }, { activation: "silu" }),
      (given) => ops.shortConvolution(gpu, { ...given, documents: documents.u32() }, { activation: "silu" }).y,
    ),
  ];

  return [...norms, ...pooled, ...others, ...routes, ...layers, ...recurrent, ...alignment, ...recurrences, adapted];
}
