// Small calls of every op and variant, whose dispatches the interpreter counts.

import type { Tensor } from "../../../src/index.ts";
import * as library from "../../../src/index.ts";
import { acceptDrafts, tokenWeights } from "../../../src/kernels/sampling/accept-drafts.ts";
import { type CountedCall, type Inputs, named } from "./call.ts";
import { attentionCalls } from "./calls-attention.ts";
import { backwardCalls } from "./calls-backward.ts";
import { recurrenceCalls } from "./calls-linear-recurrence.ts";
import { lossCalls } from "./calls-loss.ts";
import { recurrentCalls } from "./calls-recurrent.ts";
import { rowCalls } from "./calls-rows.ts";
import { selectedCalls } from "./calls-selected-keys.ts";
import { convolutionCalls } from "./calls-short-convolution.ts";
import { weightCalls } from "./calls-weights.ts";

/** The calls by names. */
export function calls(inputs: Inputs): Readonly<Record<string, CountedCall>> {
  return {
    ...elementwiseCalls(inputs),
    ...cacheCalls(inputs),
    ...peakCalls(inputs),
    ...samplingCalls(inputs),
    ...expertCalls(inputs),
    ...rowCalls(inputs),
    ...recurrenceCalls(inputs),
    ...convolutionCalls(inputs),
    ...selectedCalls(inputs),
    ...recurrentCalls(inputs),
    ...backwardCalls(inputs),
    ...lossCalls(inputs),
    ...weightCalls(inputs),
    ...attentionCalls(inputs),
  };
}

function elementwiseCalls({ gpu, random, words }: Inputs) {
  const [a, b, x] = [random([3, 8]), random([3, 8]), random([3, 7])];
  const { add, sub, mul, div, exp, gelu, geluTanh, quickGelu, relu, sigmoid, silu, softplus, squaredRelu, tanh } =
    library;
  const maps = { exp, gelu, geluTanh, quickGelu, relu, sigmoid, silu, softplus, squaredRelu, tanh };
  return named({
    ...Object.fromEntries(Object.entries({ add, sub, mul, div }).map(([name, op]) => [name, () => op(gpu, { a, b })])),
    ...Object.fromEntries(Object.entries(maps).map(([name, op]) => [name, () => op(gpu, { x })])),
    softcap: () => library.softcap(gpu, { x }, { cap: 2 }),
    swiglu: () => library.swiglu(gpu, { gate: a, up: b }),
    reglu: () => library.reglu(gpu, { gate: a, up: b }),
    gegluErf: () => library.gegluErf(gpu, { gate: a, up: b }),
    geglu: () => library.geglu(gpu, { gate: a, up: b }),
    where: () => library.where(gpu, { condition: words([3, 8], ...Array(24).keys()), a, b }),
    "cast to f16": () => library.cast(gpu, { x }, { dtype: "f16" }),
    "cast to i32": () => library.cast(gpu, { x }, { dtype: "i32" }),
    fill: () => library.fill(gpu, [3, 7], 2, "f32"),
    uniform: () => library.uniform(gpu, [3, 7], { seed: 1 }),
    normal: () => library.normal(gpu, [3, 7], { seed: 1 }),
    contiguous: () => library.contiguous(gpu, { x: library.transpose(x) }),
    "contiguous by vectors": () => library.contiguous(gpu, { x: library.transpose(random([2, 3, 8]), [1, 0, 2]) }),
    magnitude: () => library.magnitude(gpu, { x, peaks: words([2], 0, 0) }, { index: 1 }),
    rope: () =>
      library.rope(gpu, { x: random([1, 2, 3, 7]), table: random([8, 2, 2]) }, { layout: "halves", start: 1 }),
    "rope by vectors": () =>
      library.rope(gpu, { x: random([1, 2, 3, 12]), table: random([8, 4, 2]) }, { layout: "interleaved", start: 1 }),
    gather: () => library.gather(gpu, { ids: words([3], 2, 0, 1), table: random([4, 5]) }, { scale: 2 }),
  });
}

function cacheCalls({ gpu, random, words }: Inputs) {
  const cache = () => ({ keys: random([1, 2, 8, 4]), values: random([1, 2, 8, 4]) });
  const added = () => ({ k: random([1, 3, 2, 4]), v: random([1, 3, 2, 4]) });
  const integers = () => ({
    keys: words([1, 2, 8, 1], ...Array(16).keys()),
    values: words([1, 2, 8, 1], ...Array(16).keys()),
    kScale: random([1, 2, 8]),
    vScale: random([1, 2, 8]),
  });
  return named({
    appendKv: () => library.appendKv(gpu, { ...added(), ...cache() }, { start: 2 }),
    "appendKv, int8": () => library.appendKv(gpu, { ...added(), ...integers() }, { start: 2 }),
    ...Object.fromEntries(
      (["fused", "chain"] as const).map((variant) => [
        `appendRotated ${variant}`,
        () =>
          library.appendRotated(
            gpu,
            { ...added(), ...cache(), q: random([1, 3, 4, 4]), table: random([8, 2, 2]) },
            { pairing: "halves", start: 1, variant },
          ),
      ]),
    ),
    copyCacheRows: () =>
      library.copyCacheRows(
        gpu,
        {
          cache: random([2, 1, 4, 3]),
          parents: words([2], 0, 0),
          step: words([64, 4], ...new Array<number>(256).fill(3)),
        },
        { positions: 4 },
      ),
    hadamard: () => library.hadamard(gpu, { x: random([1, 4, 2, 64]) }),
    ringPositions: () => library.ringPositions(gpu, {}, { b: 1, slots: 8, t: 3, sinks: 1, length: 3, start: 0 }),
  });
}

function peakCalls({ gpu, words }: Inputs) {
  const x = words([16, 4], ...Array(64).keys());
  return named({
    copyVectors: () => library.copyVectors(gpu, { x }),
    increment: () => library.increment(gpu, { count: words([8], ...Array(8).keys()) }),
    multiplyAdd: () => library.multiplyAdd(gpu, {}, { dtype: "f32", n: 3, turns: 8 }),
    readVectors: () => library.readVectors(gpu, { x }, { lanes: 1 }),
    readWorkgroupMemory: () => library.readWorkgroupMemory(gpu, {}, { n: 64, turns: 2 }),
  });
}

function samplingCalls({ gpu, random, words }: Inputs) {
  const logits = random([2, 9]);
  const settings = (temperature: number) =>
    library.tensor(
      gpu,
      [64, 8],
      Array.from({ length: 512 }, (_, i) => [temperature, 3, 0.9, 0.05, 1.5, 0.5, 0.5][i % 8] ?? 0),
    );
  const step = () => words([64, 4], ...Array.from({ length: 256 }, (_, i) => i % 4));
  const one = (v: number) => ({ logits: random([1, v]) });
  return {
    tokenLogprobs: {
      record: () => library.tokenLogprobs(gpu, { ...one(64), targets: words([1], 3) }),
      grown: () => library.tokenLogprobs(gpu, { ...one(128), targets: words([1], 3) }),
    },
    topLogprobs: {
      record: () => library.topLogprobs(gpu, { ...one(256), chosen: words([1], 3) }, { n: 2 }),
      grown: () => library.topLogprobs(gpu, { ...one(512), chosen: words([1], 3) }, { n: 2 }),
    },
    topTokens: {
      record: () => library.topTokens(gpu, { logits: random([1, 64]) }, { n: 2 }),
      grown: () => library.topTokens(gpu, { logits: random([1, 128]) }, { n: 2 }),
    },
    beamTotals: {
      record: () => library.beamTotals(gpu, { logits: random([1, 64]), scores: random([1]) }),
      grown: () => library.beamTotals(gpu, { logits: random([1, 128]), scores: random([1]) }),
    },
    ...named({
      mergeBeams: () =>
        library.mergeBeams(
          gpu,
          { tokens: words([4, 3], ...Array(12).keys()), values: random([4, 3]), ranks: words([4], 0, 1, 1, 0) },
          { beams: 2, n: 4, v: 12 },
        ),
      argmax: () => library.argmax(gpu, { x: logits }),
      penalise: () =>
        library.penalise(gpu, { logits, counts: words([2, 9], ...Array(18).keys()), settings: settings(1) }),
      restrict: () => library.restrict(gpu, { logits, allowed: words([2, 1], 0b101110111, 0b111) }),
      tokenWeights: () => tokenWeights(gpu, { logits, settings: settings(0.8) }),
      acceptDrafts: () =>
        acceptDrafts(gpu, {
          weights: words([2, 9], ...Array(18).keys()),
          draftWeights: words([2, 9], ...Array(18).fill(1)),
          drafts: words([2], 3, 8),
          step: step(),
        }),
      sample: () => library.sample(gpu, { logits, settings: settings(0.8), step: step() }),
    }),
  };
}

function expertCalls({ gpu, random, words }: Inputs) {
  const count = 2;
  const both = words([8, 2], ...Array.from({ length: 16 }, (_, i) => (i + Math.floor(i / 2)) % count)); // of every token
  const tensors = (experts: Tensor, c: number, f: number) => ({
    x: random([experts.shape[0] ?? 0, c]),
    experts,
    weights: random(experts.shape),
    gateUp: random([count * 2 * f, c]),
    down: random([count * c, f]),
  });
  const variants = ["grouped", "bounded", "subgroups", "vector", "dense"] as const;
  const layer = (variant: (typeof variants)[number]) =>
    library.experts(gpu, tensors(both, 32, 16), { activation: "swiglu", variant });
  // It slices weights, whose rows must be wide.
  const loop = () =>
    library.experts(gpu, tensors(words([3, 1], 0, 1, 1), 64, 128), {
      activation: "swiglu",
      variant: "loop",
      counts: [1, 2],
    });
  return {
    expertChoice: {
      record: () => library.expertChoice(gpu, { logits: random([5, 4]) }, { capacity: 2 }),
      grown: () => library.expertChoice(gpu, { logits: random([5, 8]) }, { capacity: 2 }),
    },
    ...named({
      ...Object.fromEntries(variants.map((variant) => [`experts ${variant}`, () => layer(variant)])),
      "experts loop": loop,
      "align sorted": () =>
        library.align(gpu, { experts: both }, { count, block: 8, across: [1, 1], variant: "sorted" }),
      route: () => library.route(gpu, { logits: random([3, 6]) }, { k: 2, scores: "softmax", normalise: true }),
    }),
  };
}
