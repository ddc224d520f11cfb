// Calls of blocks.

import type { Gpu } from "../../../../src/index.ts";
import * as library from "../../../../src/index.ts";
import { made, type PublicCalls } from "./calls.ts";

/** Calls of blocks by name. */
export function blockCalls(gpu: Gpu): Readonly<Record<string, PublicCalls>> {
  const { zeros, call, plain } = made(gpu);
  const [v4, m4, x] = [zeros([4]), zeros([4, 4]), zeros([1, 1, 4])];
  const step = zeros([64, 4], "u32");
  const linear = { weight: m4, bias: v4 };
  const recurrent = {
    x: zeros([2, 1, 4]),
    weightIh: zeros([16, 4]),
    weightHh: zeros([16, 4]),
    biasIh: zeros([16]),
    biasHh: zeros([16]),
    state: zeros([2, 4]),
    cell: zeros([2, 4]),
    lengths: zeros([2], "u32"),
  };
  const convolution = {
    x: zeros([2, 1, 4]),
    weight: zeros([4, 3]),
    bias: v4,
    state: zeros([2, 2, 4]),
    documents: zeros([2, 1], "u32"),
  };
  const aligned = {
    query: zeros([2, 1, 4]),
    keys: zeros([2, 3, 4]),
    values: zeros([2, 3, 4]),
    lengths: zeros([2], "u32"),
  };
  const norms = [
    { kind: "rms", weight: v4, eps: 1e-5 },
    { kind: "layer", weight: v4, bias: v4, eps: 1e-5 },
  ];
  const latents = norms.map((norm) => ({ norm, query: { down: linear, norm } }));
  const attentions = norms.map((norm) => ({
    q: linear,
    k: linear,
    v: linear,
    output: linear,
    qkv: { weight: zeros([12, 4]), bias: zeros([12]) },
    qNorm: norm,
    kNorm: norm,
  }));
  /** Norms of heads have the width of a head. */
  const narrow = (weights: (typeof attentions)[number] | undefined) => {
    const norm = { ...weights?.qNorm, weight: zeros([2]), ...(weights?.qNorm.bias ? { bias: zeros([2]) } : {}) };
    return { ...weights, qNorm: norm, kNorm: norm };
  };
  const layers = library.createCache(gpu, { layers: 1, batch: 1, kvHeads: 2, capacity: 64, headWidth: 2 });
  const run = { cache: layers[0], visible: 64 };
  const places = [{ step }, { start: 0 }];
  const shape = { heads: 2, kvHeads: 2, headWidth: 2 };
  const feed = { up: linear, down: linear, gate: linear, gateUp: { weight: zeros([8, 4]), bias: zeros([8]) } };
  const experts = {
    router: { weight: zeros([2, 4]), bias: zeros([2]) },
    gateUp: zeros([16, 4]),
    down: zeros([8, 4]),
    shared: feed,
  };
  const gate = { weight: zeros([1, 4]), bias: zeros([1]) };
  const faults = { flags: zeros([1], "u32"), layer: 0 };
  const groups = { count: 2, keep: 1, by: "maximum" };
  const mixtureShape = { rule: { k: 1, scores: "softmax", normalise: true, groups }, activation: "swiglu" };
  const deltaNet = {
    weights: {
      qkv: { weight: zeros([20, 4]) },
      z: linear,
      b: { weight: zeros([2, 4]) },
      a: { weight: zeros([2, 4]) },
      convolution: zeros([20, 3]),
      dtBias: zeros([2]),
      decay: zeros([2]),
      norm: zeros([2]),
      out: linear,
    },
    options: { heads: 1, valueHeads: 2, eps: 1e-6 },
  };
  const mamba = {
    weights: {
      in: { weight: zeros([16, 4]) },
      convolution: zeros([10, 3]),
      convolutionBias: zeros([10]),
      dtBias: zeros([2]),
      decay: zeros([2]),
      skip: zeros([2]),
      norm: v4,
      out: linear,
    },
    options: { heads: 2, groups: 1, eps: 1e-6, normBeforeGate: true },
  };
  const gatedConvolution = {
    weights: { in: { weight: zeros([12, 4]) }, convolution: zeros([4, 3]), out: linear },
  };
  const states = {
    deltaNet: { convolution: zeros([1, 2, 20]), recurrence: zeros([1, 2, 8, 2]) },
    mamba: { convolution: zeros([1, 2, 10]), recurrence: zeros([1, 2, 3, 2]) },
    gatedConvolution: { convolution: zeros([1, 2, 4]), recurrence: zeros([1, 1, 1, 1]) },
  };
  const cache = { layers: 1, batch: 1, kvHeads: 1, capacity: 64, headWidth: 4, rotate: true };
  return {
    attentionLayer: call(
      library.attentionLayer,
      ...places.flatMap((place) =>
        attentions.map((weights) => ["layer", { x, ...run, place }, narrow(weights), shape]),
      ),
      ["layer", { x, ...run, cache: { ...run.cache, rotated: true }, place: places[1] }, narrow(attentions[0]), shape],
      ...latents.map((latent) => [
        "layer",
        { x, ...run, place: places[1] },
        { ...narrow(attentions[0]), latent },
        shape,
      ]),
    ),
    feedForward: call(library.feedForward, ["layer", m4, feed, "silu"]),
    cacheBytes: plain(library.cacheBytes, [cache]),
    createCache: call(library.createCache, [cache]),
    placeholderCache: call(library.placeholderCache, [cache, { rows: 1, visible: 64 }]),
    linear: call(library.linear, [m4, { ...linear, adapter: (_: unknown, __: unknown, y: unknown) => y }]),
    mixture: call(
      library.mixture,
      ["layer", x, { ...experts, sharedGate: gate, faults }, mixtureShape],
      ["layer", x, { ...experts, adapter: (_: unknown, given: { x: unknown }) => ({ y: given.x }) }, mixtureShape],
    ),
    addNorm: call(library.addNorm, ...norms.map((norm) => [{ sum: m4, update: m4 }, norm])),
    norm: call(library.norm, ...norms.map((norm) => [m4, norm])),
    additiveAttention: call(library.additiveAttention, [
      { ...aligned, queryWeight: zeros([3, 4]), keyWeight: zeros([3, 4]), v: zeros([3]) },
    ]),
    additiveScores: call(library.additiveScores, [
      { query: aligned.query, keys: aligned.keys, v: v4 },
      { into: { scores: zeros([2, 1, 3]) } },
    ]),
    luongAttention: call(library.luongAttention, [
      { ...aligned, weight: zeros([3, 8]), v: zeros([3]) },
      { score: "concat" },
    ]),
    maskLengths: call(library.maskLengths, [
      { x: aligned.keys, lengths: aligned.lengths },
      { axis: 1, value: 0, into: { y: zeros([2, 3, 4]) } },
    ]),
    indexScores: call(library.indexScores, [
      { q: zeros([1, 2, 1, 4]), k: zeros([1, 3, 4]), weights: zeros([1, 1, 2]) },
      { start: 2, into: { scores: zeros([1, 1, 3]) } },
    ]),
    selectKeys: call(library.selectKeys, [{ scores: zeros([1, 3]) }, { count: 2 }]),
    selectedAttention: call(library.selectedAttention, [
      {
        q: zeros([1, 2, 1, 4]),
        k: zeros([1, 1, 3, 4]),
        v: zeros([1, 1, 3, 4]),
        indices: zeros([1, 1, 1, 1], "u32"),
      },
      { block: 2, scale: 1, start: 2, lse: true, variant: "naive" },
    ]),
    shortConvolution: call(library.shortConvolution, [convolution, { activation: "silu", variant: "naive" }]),
    deltaRule: call(library.deltaRule, [
      {
        q: zeros([1, 1, 2, 4]),
        k: zeros([1, 1, 2, 4]),
        v: zeros([1, 2, 2, 3]),
        beta: zeros([1, 2, 2]),
        g: zeros([1, 2, 2]),
        state: zeros([1, 2, 4, 3]),
        documents: zeros([1, 2], "u32"),
      },
      { normalise: true, scale: 0.5, variant: "chunks" },
    ]),
    gatedDeltaNet: call(library.gatedDeltaNet, [
      { x, weights: deltaNet.weights, state: states.deltaNet, documents: zeros([1, 1], "u32") },
      deltaNet.options,
    ]),
    mamba2: call(library.mamba2, [
      { x, weights: mamba.weights, state: states.mamba, documents: zeros([1, 1], "u32") },
      mamba.options,
    ]),
    gatedConvolution: call(library.gatedConvolution, [
      { x, weights: gatedConvolution.weights, state: states.gatedConvolution, documents: zeros([1, 1], "u32") },
    ]),
    stateSpace: call(library.stateSpace, [
      {
        x: zeros([1, 2, 2, 3]),
        dt: zeros([1, 2, 2]),
        a: zeros([2]),
        b: zeros([1, 1, 2, 4]),
        c: zeros([1, 1, 2, 4]),
        d: zeros([2]),
        state: zeros([1, 2, 4, 3]),
        documents: zeros([1, 2], "u32"),
      },
      { variant: "chunks" },
    ]),
    recurrent: call(library.recurrent, [recurrent, { cell: "lstm", reverse: true, reset: "after", variant: "steps" }]),
    recurrentLayers: call(library.recurrentLayers, [
      {
        x: recurrent.x,
        weights: { weight_ih_l0: recurrent.weightIh, weight_hh_l0: recurrent.weightHh },
        state: zeros([1, 2, 4]),
        cell: zeros([1, 2, 4]),
        lengths: recurrent.lengths,
      },
      { cell: "lstm", layers: 1, bidirectional: false, reset: "after", variant: "steps" },
    ]),
    transformerBlock: {
      ...call(
        library.transformerBlock,
        ...norms.flatMap((norm, i) =>
          [feed, { ...experts, sharedGate: gate, faults }].map((feedForward) => [
            ...["layer", { sum: x, update: x }, { ...run, place: places[i] }],
            {
              attentionNorm: norm,
              feedForwardNorm: norm,
              attentionOutputNorm: norm,
              feedForwardOutputNorm: norm,
              attention: narrow(attentions[i]),
              feedForward,
              adapted: true,
            },
            { ...shape, activation: "silu", mixture: mixtureShape },
          ]),
        ),
        ...latents.map((latent, i) => [
          ...["layer", { sum: x }, { ...run, place: places[0] }],
          {
            attentionNorm: norms[0],
            feedForwardNorm: norms[0],
            attention: { ...narrow(attentions[i]), latent },
            feedForward: feed,
          },
          { ...shape, activation: "silu", norms: i === 0 ? "post" : "pre" },
        ]),
        [
          ...["layer", { sum: x }, { visible: 64, place: places[1], state: states.gatedConvolution }],
          {
            attentionNorm: norms[0],
            state: { ...gatedConvolution, run: library.gatedConvolution },
            feedForward: feed,
          },
          { ...shape, activation: "silu" },
        ],
      ),
      runs: true,
    },
  };
}
