// A valid call, or several, of each public function that takes an object: what a fuzzer of options makes mistakes in.
import type { Gpu, LanguageModel, Session } from "../../../../src/index.ts";
import * as library from "../../../../src/index.ts";
import { weightDropout } from "../../../../src/train/index.ts";
import { axpy } from "../../small-kernels.ts";
import { attentionForms } from "./attention-forms.ts";
import { blockCalls } from "./blocks.ts";
import { made, type PublicCalls } from "./calls.ts";
import { samplingCalls } from "./sampling.ts";

/** The calls by the names of functions, and of methods. */
export function publicCalls(gpu: Gpu, model: LanguageModel, session: Session): Readonly<Record<string, PublicCalls>> {
  const generations = (first: unknown) => [
    [first, { guard: { every: 1 }, speculative: { kind: "prompt-lookup", tokens: 2, ngram: 2 } }],
    [first, { speculative: { kind: "draft", model, tokens: 2 } }],
  ];
  const { zeros, call, plain } = made(gpu);
  const [v4, m4] = [zeros([4]), zeros([4, 4])];
  const intoY = { into: { y: zeros([4, 4]) } };
  const scaled = { scale: 2, ...intoY };
  const map = (of: unknown, more = {}) => call(of, [{ x: m4 }, { ...more, ...intoY }]);
  const binary = (of: unknown) => call(of, [{ a: m4, b: m4 }, intoY]);
  const segments = { x: m4, weights: v4, offsets: zeros([2], "u32") };
  const normed = (of: unknown, tensors: object) => call(of, [tensors, { eps: 1e-5, ...intoY }]);
  const gated = (of: unknown) => call(of, [{ gate: m4, up: m4 }, intoY]);
  const reduce = (of: unknown) => call(of, [{ x: m4 }, { axis: 0, into: { y: v4 }, variant: "thread" }]);
  const step = zeros([64, 4], "u32");
  const kv = zeros([1, 2, 12, 4]);
  const q = zeros([1, 2, 5, 4]);
  const latents = { q: zeros([1, 2, 5, 8]), latents: zeros([1, 12, 8]), weight: zeros([16, 4]) };
  const attentionTensors = { q, k: kv, v: kv };
  const { masks, scores } = attentionForms(gpu, [1, 2, 5, 12]);
  const paged = { kind: "paged", blockTable: library.blockTable(gpu, [[0]], { pages: 1 }) };
  const pages = { q, k: zeros([1, 2, 8, 4]), v: zeros([1, 2, 8, 4]) };
  const offsets = (length: number) => library.sequenceOffsets(gpu, [length]);
  const dropout = weightDropout({ key: zeros([2], "u32") }, { rate: 0.5, site: 0 });
  const attentionOptions = [
    ...masks.map((mask) => [attentionTensors, { mask }]),
    ...scores.map((score) => [attentionTensors, { score }]),
    [attentionTensors, { into: { out: zeros([1, 5, 2, 4]), lse: zeros([1, 2, 5]) }, lse: true }],
    [attentionTensors, { dropout }],
    [pages, { layout: paged }],
    [attentionTensors, { layout: { kind: "ring", sinks: 1 }, length: 6 }],
    [attentionTensors, { layout: { kind: "ragged", queryOffsets: offsets(5), keyOffsets: offsets(12) } }],
  ];
  const state = { out: zeros([1, 2, 5, 4]), lse: zeros([1, 2, 5]) };
  const into = { out: zeros([1, 5, 2, 4]), lse: zeros([1, 2, 5]) };
  const ring = { q: kv, k: kv, v: kv };
  const plan = { t: 6, s: 6, shards: 2 };
  const sizes = { b: 1, h: 2, g: 2, d: 4, dv: 4 };
  const host = { shape: [1, 2, 6, 4], dtype: "f32", elements: new Float32Array(48) };
  const linear = { weight: m4, bias: v4 };
  const product = { a: m4, b: m4, bias: v4 };
  const int8 = { x: zeros([4, 32]), weight: zeros([4, 32], "q8_0"), bias: v4 };
  const groups = { count: 2, keep: 1, by: "maximum" };
  const rule = { k: 1, scores: "softmax", normalise: true, groups };
  const kinds = ["none", { kind: "softcap", cap: 2 }];
  const experts = { gateUp: zeros([16, 4]), down: zeros([8, 4]) };
  const scalings = [
    { kind: "none" },
    { kind: "linear", factor: 2 },
    { kind: "dynamic", factor: 2, maxPositions: 8 },
    { kind: "yarn", factor: 2, originalPositions: 8 },
    { kind: "llama3", factor: 2, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalPositions: 8 },
    { kind: "longrope", shortFactor: [1, 1], longFactor: [1, 1], originalPositions: 8 },
  ];
  return {
    attention: call(library.attention, ...attentionOptions),
    blockMap: { ...call(library.blockMap, ...attentionOptions), runs: true },
    countTiles: { ...call(library.countTiles, ...attentionOptions), runs: true },
    forgetBlockMaps: call(library.forgetBlockMaps, ...masks.map((mask) => [mask])),
    mergeAttention: call(library.mergeAttention, [{ left: state, right: state }, { into }]),
    blockTable: call(library.blockTable, [[[0]], { pages: 1 }]),
    ringPositions: call(library.ringPositions, [
      { step },
      { b: 1, slots: 8, t: 2, sinks: 1, length: 2, start: 0, into: { keys: zeros([1, 8], "u32") } },
    ]),
    cascadeAttention: call(
      library.cascadeAttention,
      ...kinds.map((score) => [
        { q, prefix: { k: kv, v: kv }, suffix: { k: kv, v: kv } },
        { score, variants: { prefix: "flash" }, into },
      ]),
    ),
    latentAttention: call(
      library.latentAttention,
      ...[...masks.map((mask) => ({ mask })), { layout: "contiguous" }].map((given) => [
        latents,
        { rope: 4, ...given },
      ]),
      [
        { ...latents, latents: zeros([1, 8, 8]) },
        { rope: 4, layout: paged },
      ],
      [latents, { rope: 4, form: "expanded", dropout }],
      [latents, { rope: 4, layout: { kind: "ring" }, length: 6 }],
    ),
    ringFigures: plain(library.ringFigures, [library.ringSchedule(plan), sizes]),
    ringAttentionOverPorts: {
      ...plain(library.ringAttentionOverPorts, ...kinds.map((score) => [[], { q: host, k: host, v: host }, { score }])),
      runs: true,
    },
    ringAttention: call(library.ringAttention, ...kinds.map((score) => [ring, { shards: 2, score }])),
    ringSchedule: plain(library.ringSchedule, [plan]),
    streamingAttention: {
      ...call(
        library.streamingAttention,
        ...scores.map((score) => [
          { q: zeros([1, 2, 2, 4]), keys: kv, values: kv, table: zeros([16, 2, 2]) },
          { sinks: 1, length: 6, score },
        ]),
      ),
      runs: true,
    },
    linearAttention: call(library.linearAttention, [attentionTensors, { into: { out: zeros([1, 5, 2, 4]) } }]),
    "Gpu.record": { of: gpu.record, on: gpu, calls: [[() => 0, { taps: () => false }]] },
    openGpu: { ...plain(library.openGpu, [{ cap: { binding: 2 ** 20 } }]), runs: true },
    wgslModule: plain(library.wgslModule, ["", { parts: [], name: "own/part" }]),
    defineKernel: plain(
      library.defineKernel,
      ...[{ threads: () => 1 }, { workgroups: () => [1] }].map((grid) => [
        {
          name: "own/kernel",
          source: axpy.source,
          inputs: { x: "[n]", z: "[n]" },
          outputs: { y: "[n]" },
          params: () => ({}),
          segmented: { input: "x", axis: "n" },
          indirect: { input: "z", offset: () => 0 },
          ...grid,
        },
      ]),
    ),
    defineOp: plain(library.defineOp, [{ name: "own", variants: { plain: { record: () => ({}) } }, order: () => [] }]),
    geglu: gated(library.geglu),
    gegluErf: gated(library.gegluErf),
    swiglu: gated(library.swiglu),
    gelu: map(library.gelu),
    geluTanh: map(library.geluTanh),
    quickGelu: map(library.quickGelu),
    reglu: gated(library.reglu),
    sigmoid: map(library.sigmoid),
    tanh: map(library.tanh),
    softplus: map(library.softplus),
    squaredRelu: map(library.squaredRelu),
    relu: map(library.relu),
    silu: map(library.silu),
    softcap: map(library.softcap, { cap: 30 }),
    exp: map(library.exp),
    cast: call(library.cast, [{ x: m4 }, { dtype: "f32", ...intoY }]),
    add: binary(library.add),
    sub: binary(library.sub),
    mul: binary(library.mul),
    div: binary(library.div),
    where: call(library.where, [{ condition: zeros([4, 4], "u32"), a: m4, b: m4 }, intoY]),
    fill: call(library.fill, [[4, 4], 1, "f32", intoY]),
    normal: call(library.normal, [[4, 4], { seed: 1, ...intoY }]),
    tensor: call(library.tensor, [[2], [1, 2], "f32", { saturate: true }]),
    uniform: call(library.uniform, [[4, 4], { seed: 1, ...intoY }]),
    gather: call(library.gather, [{ ids: zeros([4], "u32"), table: m4 }, scaled]),
    gatherStep: call(library.gatherStep, [
      { step, table: m4 },
      { rows: 4, ...scaled },
    ]),
    appendKv: call(
      library.appendKv,
      [{ k: zeros([1, 1, 2, 4]), v: zeros([1, 1, 2, 4]), keys: zeros([1, 2, 8, 4]), values: zeros([1, 2, 8, 4]) }, {}],
      ...[paged, { kind: "ring", sinks: 1 }].map((layout) => [
        { k: zeros([1, 1, 2, 4]), v: zeros([1, 1, 2, 4]), keys: zeros([1, 2, 8, 4]), values: zeros([1, 2, 8, 4]) },
        { layout },
      ]),
    ),
    appendRotated: call(
      library.appendRotated,
      ...["contiguous", paged, { kind: "ring", sinks: 1 }].map((layout) => [
        {
          q: zeros([1, 1, 2, 4]),
          k: zeros([1, 1, 2, 4]),
          v: zeros([1, 1, 2, 4]),
          table: zeros([8, 2, 2]),
          keys: zeros([1, 2, 8, 4]),
          values: zeros([1, 2, 8, 4]),
        },
        { pairing: "halves", start: 1, layout, variant: "chain" },
      ]),
    ),
    concat: call(library.concat, [[m4], 0, intoY]),
    contiguous: map(library.contiguous),
    gemm: call(library.gemm, [product, { activation: "gelu", ...intoY, variant: "naive" }]),
    headMatmul: call(library.headMatmul, [
      { x: zeros([1, 2, 4]), weight: zeros([2, 4, 4]) },
      { into: { y: zeros([1, 2, 4]) } },
    ]),
    matmul: call(library.matmul, [
      { x: m4, ...linear },
      { ...intoY, variant: "naive" },
    ]),
    matmulInt8: call(library.matmulInt8, [int8, { dot: "plain", ...intoY }]),
    projection: call(library.projection, [
      { x: m4, ...linear, norm: zeros([4]), residual: m4 },
      { eps: 1e-5, ...intoY, variant: "chain" },
    ]),
    align: call(library.align, [{ experts: zeros([2, 1], "u32") }, { count: 2, block: 2, across: [1, 1] }]),
    expertChoice: call(library.expertChoice, [{ logits: zeros([2, 2]) }, { capacity: 1 }]),
    experts: call(library.experts, [
      { x: m4, experts: zeros([4, 1], "u32"), weights: zeros([4, 1]), ...experts },
      { activation: "swiglu" },
    ]),
    route: call(library.route, [
      { logits: m4 },
      { ...rule, into: { experts: zeros([4, 1], "u32"), weights: zeros([4, 1]) } },
    ]),
    addLayerNorm: call(library.addLayerNorm, [
      { x: m4, residual: m4, ...linear, weight: v4 },
      { eps: 1e-5, ...intoY },
    ]),
    layerNorm: normed(library.layerNorm, { x: m4, weight: v4, bias: v4 }),
    addRmsNorm: call(library.addRmsNorm, [
      { x: m4, residual: m4, weight: v4 },
      { eps: 1e-5, ...intoY },
    ]),
    rmsNorm: normed(library.rmsNorm, { x: m4, weight: v4 }),
    l2Normalise: map(library.l2Normalise, { eps: 1e-12, variant: "workgroup" }),
    reduceSegments: call(library.reduceSegments, [segments, { operation: "sum", into: { y: zeros([1, 4]) } }]),
    sum: reduce(library.sum),
    mean: reduce(library.mean),
    max: reduce(library.max),
    magnitude: call(library.magnitude, [{ x: m4, peaks: zeros([4], "u32") }, { index: 1 }]),
    hadamard: call(library.hadamard, [{ x: zeros([1, 2, 2, 4]) }, { into: { y: zeros([1, 2, 2, 4]) } }]),
    rope: call(library.rope, [
      { x: zeros([1, 2, 2, 4]), table: zeros([8, 2, 2]) },
      { layout: "halves", start: 0, inverse: true, into: { y: zeros([1, 2, 2, 4]) }, variant: "naive" },
    ]),
    ropeTable: plain(
      library.ropeTable,
      ...scalings.map((scaling) => [{ theta: 10_000, width: 4, positions: 8, scaling }]),
    ),
    softmax: map(library.softmax),
    logSoftmax: map(library.logSoftmax, { variant: "naive" }),
    ...samplingCalls(gpu),
    readVectors: call(library.readVectors, [{ x: zeros([4, 4], "u32") }, { lanes: 1, into: { y: zeros([1], "u32") } }]),
    readVectorsResult: plain(library.readVectorsResult, [new Uint32Array(16), 0, 1]),
    copyVectors: call(library.copyVectors, [{ x: zeros([4, 4], "u32") }, { into: { y: zeros([4, 4], "u32") } }]),
    increment: call(library.increment, [{ count: zeros([4], "u32") }, { into: {} }]),
    multiplyAdd: call(library.multiplyAdd, [{}, { dtype: "f32", n: 4, turns: 8, into: { y: v4 } }]),
    readWorkgroupMemory: call(library.readWorkgroupMemory, [{}, { n: 4, turns: 8, into: { y: zeros([4, 4], "u32") } }]),
    ...blockCalls(gpu),
    openFiles: plain(library.openFiles, [{ "config.json": new Blob([]) }]),
    openModel: {
      ...plain(library.openModel, ["no folder", { cache: false, idleTimeout: 1000, retryDelay: 1 }]),
      runs: true,
    },
    openModelCache: { ...plain(library.openModelCache, [{ folder: "/nowhere" }]), runs: true },
    openUrl: plain(library.openUrl, ["https://example.test/model", { fetch: () => undefined }]),
    "ChatTemplate.render": { of: () => undefined, calls: [] },
    createChatTemplate: plain(library.createChatTemplate, [{ tokenizerConfig: {} }]),
    "Tokenizer.encode": { of: model.tokenizer.encode, on: model.tokenizer, calls: [["a", { addSpecialTokens: true }]] },
    "Tokenizer.encodeAtMost": {
      of: model.tokenizer.encodeAtMost,
      on: model.tokenizer,
      calls: [["a", 8, { addSpecialTokens: true, signal: new AbortController().signal }]],
    },
    "Tokenizer.decode": {
      of: model.tokenizer.decode,
      on: model.tokenizer,
      calls: [[[1], { skipSpecialTokens: true }]],
    },
    "LanguageModel.generate": { of: model.generate, on: model, calls: generations("a"), runs: true },
    createEngine: {
      ...plain(library.createEngine, [{ gpu: { adapter: "none", cap: { binding: 2 ** 20 } }, concurrency: 2 }]),
      runs: true,
    },
    createWorkerEngine: {
      ...plain(library.createWorkerEngine, [undefined, { gpu: { cap: { binding: 2 ** 20 } }, queue: 2 }]),
      runs: true,
    },
    serveEngine: { of: () => undefined, calls: [] },
    "LanguageModel.embed": { of: model.embed, on: model, calls: [["a", {}]], runs: true },
    "LanguageModel.attentionWeights": { of: model.attentionWeights, on: model, calls: [["a", {}]], runs: true },
    "LanguageModel.nextTokenProbabilities": {
      of: model.nextTokenProbabilities,
      on: model,
      calls: [["a", [1], {}]],
      runs: true,
    },
    "LanguageModel.expertChoices": { of: model.expertChoices, on: model, calls: [["a", {}]], runs: true },
    loadModel: { ...call(library.loadModel, ["no folder", { cache: { dtype: "f32", rotate: false } }]), runs: true },
    setAdapters: { of: () => undefined, calls: [] },
    loadAdapter: { ...plain(library.loadAdapter, [model, "no folder", {}]), runs: true },
    tune: { ...call(library.tune, [{ model, store: false, signal: AbortSignal.abort() }]), runs: true },
    useTuned: { ...call(library.useTuned, [{ folder: "/nowhere" }]), runs: true },
    "Session.continueFrom": { of: session.continueFrom, on: session, calls: generations([1]) },
    "Session.generate": { of: session.generate, on: session, calls: generations("a") },
    "Session.warm": { of: session.warm, on: session, calls: generations(1), runs: true },
    planLoad: {
      ...plain(library.planLoad, ["none", { cache: { dtype: "f32", rotate: false }, limits: gpu.limits }]),
      runs: true,
    },
  };
}
