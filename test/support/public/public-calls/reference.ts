// Calls of the definitions of shaderformer/reference.
import { examplesOf, maskRecords, scoreRecords } from "../../../../src/check/attention-records.ts";
import * as reference from "../../../../src/reference/index.ts";
import type { PublicCalls } from "./calls.ts";

const { dense } = reference;
const of = (definition: unknown, ...calls: PublicCalls["calls"]): PublicCalls => ({ of: definition, calls });

/** A tensor of 0, 1, 0, 1, …: logits, ids and flags at once. */
const bits = (...shape: readonly number[]) =>
  dense(
    shape,
    Array.from({ length: reference.sizeOf(shape) }, (_, i) => i % 2),
  );

function descriptions() {
  const shape = { b: 1, h: 2, t: 5, s: 12, unit: 2 };
  const custom = { kind: "custom", wgsl: "", params: { a: 1 }, tensors: {} };
  return {
    masks: [
      ...Object.values(examplesOf(maskRecords, shape)),
      { ...custom, twin: () => true },
      { and: ["causal"] },
      { or: ["causal"] },
    ],
    scores: [
      ...Object.values(examplesOf(scoreRecords, shape)),
      { ...custom, twin: (score: number) => score },
      ["none"],
    ],
  };
}

const llamaConfig = {
  model_type: "llama",
  num_hidden_layers: 1,
  num_attention_heads: 1,
  num_key_value_heads: 1,
  hidden_size: 2,
  head_dim: 2,
  rms_norm_eps: 1e-5,
  rope_theta: 10_000,
  tie_word_embeddings: true,
  sliding_window: null,
  use_sliding_window: false,
  max_window_layers: 1,
  layer_types: ["full_attention"],
};
const gpt2Config = {
  n_layer: 1,
  n_head: 1,
  layer_norm_epsilon: 1e-5,
  activation_function: "gelu_new",
  scale_attn_weights: true,
  scale_attn_by_inverse_layer_idx: false,
};
const gpt1Config = { n_layer: 1, n_head: 1, layer_norm_epsilon: 1e-5, afn: "gelu" };

const bertConfig = {
  model_type: "bert",
  num_hidden_layers: 1,
  num_attention_heads: 1,
  layer_norm_eps: 1e-5,
  hidden_act: "gelu",
  pad_token_id: 0,
};

/** The weights of one layer of width 2, by their names. */
function weights(prefix: string, vectors: readonly string[], matrices: Readonly<Record<string, readonly number[]>>) {
  const named = [
    ...vectors.map((name) => [`${prefix}${name}`, bits(2)]),
    ...Object.entries(matrices).map(([name, shape]) => [`${prefix}${name}`, bits(...shape)]),
  ];
  return Object.fromEntries(named);
}

const llamaWeights = weights(
  "model.",
  ["norm.weight", "layers.0.input_layernorm.weight", "layers.0.post_attention_layernorm.weight"],
  {
    "embed_tokens.weight": [3, 2],
    ...Object.fromEntries(
      ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj"]
        .concat(["mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"])
        .map((name) => [`layers.0.${name}.weight`, [2, 2]]),
    ),
  },
);
const bertProjections = ["query", "key", "value"]
  .map((name) => `attention.self.${name}`)
  .concat(["attention.output.dense", "intermediate.dense", "output.dense"])
  .map((name) => `encoder.layer.0.${name}`);
const bertNorms = ["embeddings", "encoder.layer.0.attention.output", "encoder.layer.0.output"].map(
  (name) => `${name}.LayerNorm`,
);
const bertWeights = weights(
  "",
  [...bertNorms.map((name) => `${name}.weight`), ...[...bertNorms, ...bertProjections].map((name) => `${name}.bias`)],
  Object.fromEntries([
    ...["word", "position", "token_type"].map((name) => [`embeddings.${name}_embeddings.weight`, [3, 2]]),
    ...bertProjections.map((name) => [`${name}.weight`, [2, 2]]),
  ]),
);
const gptWeights = (norms: readonly string[], tables: readonly [string, string]) =>
  weights(
    "transformer.",
    norms.flatMap((name) => [`${name}.weight`, `${name}.bias`]).concat(["h.0.attn.c_proj.bias", "h.0.mlp.c_proj.bias"]),
    {
      [tables[0]]: [3, 2],
      [tables[1]]: [4, 2],
      "h.0.attn.c_attn.weight": [2, 6],
      "h.0.attn.c_attn.bias": [6],
      "h.0.attn.c_proj.weight": [2, 2],
      "h.0.mlp.c_fc.weight": [2, 8],
      "h.0.mlp.c_fc.bias": [8],
      "h.0.mlp.c_proj.weight": [8, 2],
    },
  );
const gpt2Weights = gptWeights(["ln_f", "h.0.ln_1", "h.0.ln_2"], ["wte.weight", "wpe.weight"]);
const gpt1Weights = gptWeights(["h.0.ln_1", "h.0.ln_2"], ["tokens_embed.weight", "positions_embed.weight"]);

/** The calls by the names of definitions. */
export function referenceCalls(): Readonly<Record<string, PublicCalls>> {
  const { masks, scores } = descriptions();
  const [v2, m2, x] = [bits(2), bits(2, 2), { x: bits(2, 2) }];
  const q = bits(1, 2, 3, 4);
  const kv = bits(1, 1, 3, 4);
  const state = { out: q, lse: bits(1, 2, 3) };
  const pair = [{ a: m2, b: m2 }];
  const gated = [{ gate: m2, up: m2 }];
  const reduced = [x, { axis: 0 }];
  const mapped = [{ ...x, dy: m2 }];
  const gatedGradients = [{ gate: m2, up: m2, dy: m2 }];
  const normGradients = [{ ...x, weight: v2, dy: m2, dsum: m2 }, { eps: 1e-5 }];
  const logits = { logits: bits(2, 4) };
  const filters = { temperature: 1, topK: 2, topP: 0.5, minP: 0.1 };
  const experts = { experts: bits(2, 1) };
  const alignment = { counts: [1, 1], offsets: [0, 1, 2] };
  const rule = { k: 1, scores: "softmax", normalise: true, scale: 1, groups: { count: 2, keep: 1, by: "maximum" } };
  const one = { start: 0, length: 3 };
  const lossOptions = { ignored: -100, smoothing: 0.1, softcap: 2, zLoss: 0.1, vocabulary: 3 };
  const visible = { ...one, scale: 1, mask: reference.causal, score: (score: number) => score, sink: v2 };
  const feed = { x: bits(2, 4), ...experts, weights: bits(2, 1), gateUp: bits(8, 4), down: bits(8, 2) };
  const cells = {
    x: bits(2, 1, 2),
    weightIh: bits(8, 2),
    weightHh: bits(8, 2),
    biasIh: bits(8),
    biasHh: bits(8),
    state: m2,
    cell: m2,
    lengths: v2,
  };
  const scored = { query: bits(2, 1, 2), keys: bits(2, 3, 2), v: v2 };
  const aligned = { ...scored, values: bits(2, 3, 2), lengths: v2 };
  const additive = { ...aligned, queryWeight: m2, keyWeight: m2 };
  const ofWeights = { dout: bits(2, 1, 2), dweights: bits(2, 1, 3) };
  const concat = { ...aligned, weight: bits(2, 4) };
  const keys = { q: kv, k: kv, v: bits(1, 2, 3, 5), beta: bits(1, 2, 3), g: bits(1, 2, 3, 4) };
  const corrected = { ...keys, state: bits(1, 2, 4, 5), documents: bits(1, 3) };
  const steps = { x: bits(1, 2, 3, 5), dt: bits(1, 2, 3), a: v2, d: v2 };
  const spaces = { ...steps, b: kv, c: kv, state: bits(1, 2, 4, 5), documents: bits(1, 3) };
  const taps = { x: bits(1, 2, 2), weight: bits(2, 3), bias: v2 };
  const convolution = { ...taps, state: bits(1, 2, 2), documents: bits(1, 2) };
  const pairsOfWords = { v: m2, u: m2, others: bits(3, 2) };
  const calls: Readonly<Record<string, PublicCalls>> = {
    axes: of(reference.axes, ["op", { x: m2 }, { x: "a b" }]),
    axisFromFirst: of(reference.axisFromFirst, [[2, 3], 1]),
    dense: of(dense, [[2], [1, 2]]),
    reshape: of(reference.reshape, [m2, [4]]),
    sizeOf: of(reference.sizeOf, [[2, 3]]),
    splitAt: of(reference.splitAt, [[2, 3], 1]),
    adamW: of(reference.adamW, [
      { parameter: v2, gradient: v2, first: v2, second: v2, scalars: bits(3), clip: v2 },
      { beta1: 0.9, beta2: 0.95, eps: 1e-8, decay: 0.1 },
    ]),
    momentum: of(reference.momentum, [
      { gradient: v2, parameter: v2, velocity: v2, clip: v2 },
      { momentum: 0.9, fresh: 1, ahead: 1, held: 0.9, decay: 0.1 },
    ]),
    descend: of(reference.descend, [
      { parameter: v2, update: v2, scalars: bits(1), clip: v2 },
      { decay: 0.1, scale: 2 },
    ]),
    lion: of(reference.lion, [
      { parameter: v2, gradient: v2, first: v2, scalars: bits(1), clip: v2 },
      { beta1: 0.9, beta2: 0.99, decay: 0.1 },
    ]),
    newtonSchulz: of(reference.newtonSchulz, [{ x: dense([2, 3], [1, 2, 3, 4, 5, 7]) }, { steps: 5 }]),
    gradientNorm: of(reference.gradientNorm, [{ squares: v2 }, { maxNorm: 1 }]),
    attentionBackward: of(reference.attentionBackward, [
      { q, k: kv, v: kv, ...state, dout: q },
      {
        ...visible,
        derivative: () => 1,
        scoreTensors: [{ shape: [1], element: () => 0, slope: () => 1 }],
      },
    ]),
    attention: of(reference.attention, [{ q, k: kv, v: kv }, visible]),
    maskOf: of(reference.maskOf, ...masks.map((mask) => [mask, 0])),
    scoreOf: of(reference.scoreOf, ...scores.map((score) => [score, 0])),
    latentAttention: of(reference.latentAttention, [
      { q, latents: bits(1, 3, 4), weight: bits(8, 2) },
      { rope: 2, length: 3, scale: 1 },
    ]),
    linearAttention: of(reference.linearAttention, [
      { q, k: kv, v: kv },
      { mask: "causal", ...one },
    ]),
    indexScores: of(reference.indexScores, [{ q, k: bits(1, 3, 4), weights: bits(1, 3, 2) }, { start: 2 }]),
    selectKeys: of(reference.selectKeys, [{ scores: bits(2, 3) }, { count: 2 }]),
    selectedAttention: of(reference.selectedAttention, [
      { q, k: kv, v: kv, indices: reference.dense([1, 1, 3, 1]) },
      { block: 2, scale: 1, start: 1 },
    ]),
    routeBlocks: of(reference.routeBlocks, [
      { q, k: kv },
      { block: 2, count: 2, start: 1 },
    ]),
    both: of(reference.both, [[reference.causal]]),
    either: of(reference.either, [[reference.causal]]),
    pairs: of(reference.pairs, [reference.causal, { t: 3, s: 3, b: 1, h: 2 }, one]),
    mergeAttention: of(reference.mergeAttention, [{ left: state, right: state }]),
    chain: of(reference.chain, [[(score: number) => score]]),
    append: of(reference.append, [{ k: bits(1, 1, 2, 2), cache: bits(1, 2, 3, 2) }, { start: 0 }]),
    dequantise: of(reference.dequantise, [{ codes: m2, scales: bits(2, 1) }]),
    gatherPages: of(reference.gatherPages, [{ pages: bits(2, 1, 2, 2) }, { table: [[0, 1]] }]),
    quantise: of(reference.quantise, [x, { bits: 8, block: 2 }]),
    ringPositions: of(reference.ringPositions, [5, { slots: 4, sinks: 1 }]),
    ringSlot: of(reference.ringSlot, [5, { slots: 4, sinks: 1 }]),
    gegluErf: of(reference.gegluErf, gated),
    reglu: of(reference.reglu, gated),
    tanh: of(reference.tanh, [x]),
    logistic: of(reference.logistic, [x]),
    softplus: of(reference.softplus, [x]),
    squaredRelu: of(reference.squaredRelu, [x]),
    tanhBackward: of(reference.tanhBackward, mapped),
    logisticBackward: of(reference.logisticBackward, mapped),
    softplusBackward: of(reference.softplusBackward, mapped),
    squaredReluBackward: of(reference.squaredReluBackward, mapped),
    regluBackward: of(reference.regluBackward, gatedGradients),
    geglu: of(reference.geglu, gated),
    swiglu: of(reference.swiglu, gated),
    gelu: of(reference.gelu, [x]),
    geluTanh: of(reference.geluTanh, [x]),
    quickGelu: of(reference.quickGelu, [x]),
    relu: of(reference.relu, [x]),
    silu: of(reference.silu, [x]),
    expBackward: of(reference.expBackward, mapped),
    geluBackward: of(reference.geluBackward, mapped),
    geluTanhBackward: of(reference.geluTanhBackward, mapped),
    quickGeluBackward: of(reference.quickGeluBackward, mapped),
    reluBackward: of(reference.reluBackward, mapped),
    siluBackward: of(reference.siluBackward, mapped),
    gegluBackward: of(reference.gegluBackward, gatedGradients),
    gegluErfBackward: of(reference.gegluErfBackward, gatedGradients),
    swigluBackward: of(reference.swigluBackward, gatedGradients),
    logSoftmax: of(reference.logSoftmax, [x]),
    logSoftmaxBackward: of(reference.logSoftmaxBackward, [{ y: m2, dy: m2 }]),
    softmaxBackward: of(reference.softmaxBackward, [{ y: m2, dy: m2 }]),
    softcapBackward: of(reference.softcapBackward, [{ ...x, dy: m2 }, { cap: 30 }]),
    add: of(reference.add, pair),
    sub: of(reference.sub, pair),
    mul: of(reference.mul, pair),
    div: of(reference.div, pair),
    exp: of(reference.exp, [x]),
    softmax: of(reference.softmax, [x]),
    cast: of(reference.cast, [x, { dtype: "f16" }]),
    fill: of(reference.fill, [{}, { shape: [2], value: 1 }]),
    where: of(reference.where, [{ condition: m2, a: m2, b: m2 }]),
    segments: of(reference.segments, [{ x: m2, weights: v2, offsets: v2 }, { operation: "sum" }]),
    segmentsBackward: of(reference.segmentsBackward, [
      { x: m2, weights: v2, offsets: v2, dy: bits(1, 2) },
      { operation: "sum" },
    ]),
    maxBackward: of(reference.maxBackward, [{ ...x, dy: v2 }, { axis: 0 }]),
    l2Normalise: of(reference.l2Normalise, [x, { eps: 1e-12 }]),
    l2NormaliseBackward: of(reference.l2NormaliseBackward, [{ ...x, dy: m2 }, { eps: 1e-12 }]),
    softcap: of(reference.softcap, [x, { cap: 30 }]),
    crossEntropy: of(reference.crossEntropy, [{ ...logits, targets: v2 }, lossOptions]),
    dropout: of(reference.dropout, [
      { x: m2, key: v2 },
      { rate: 0.5, site: 1 },
    ]),
    weightDropout: of(reference.weightDropout, [{ key: v2 }, { rate: 0.5, site: 1, heads: 2 }]),
    linearCrossEntropy: of(reference.linearCrossEntropy, [
      { x: m2, weight: bits(4, 2), bias: bits(4), targets: v2 },
      lossOptions,
    ]),
    linearCrossEntropyBackward: of(reference.linearCrossEntropyBackward, [
      { x: m2, weight: bits(4, 2), bias: bits(4), targets: v2, lse: v2, count: bits(1), dloss: bits(1) },
      lossOptions,
    ]),
    crossEntropyBackward: of(reference.crossEntropyBackward, [
      { ...logits, targets: v2, lse: v2, count: bits(1), dloss: bits(1) },
      lossOptions,
    ]),
    gatherBackward: of(reference.gatherBackward, [
      { ids: v2, dy: m2, dtable: bits(3, 2) },
      { rows: 3, scale: 2 },
    ]),
    gather: of(reference.gather, [{ ids: v2, table: m2 }, { scale: 2 }]),
    gemm: of(reference.gemm, [{ a: m2, b: m2, bias: v2 }, { activation: "relu" }]),
    concat: of(reference.concat, [{ a: m2, b: m2 }, { axis: 0 }]),
    slice: of(reference.slice, [x, { axis: 0, start: 0, end: 1 }]),
    transpose: of(reference.transpose, [x, { order: [1, 0] }]),
    matmul: of(reference.matmul, [{ ...x, weight: m2, bias: v2 }]),
    addLayerNorm: of(reference.addLayerNorm, [{ ...x, residual: m2, weight: v2, bias: v2 }, { eps: 1e-5 }]),
    addRmsNorm: of(reference.addRmsNorm, [{ ...x, residual: m2, weight: v2 }, { eps: 1e-5 }]),
    layerNorm: of(reference.layerNorm, [{ ...x, weight: v2, bias: v2 }, { eps: 1e-5 }]),
    rmsNorm: of(reference.rmsNorm, [{ ...x, weight: v2 }, { eps: 1e-5 }]),
    layerNormBackward: of(reference.layerNormBackward, normGradients),
    rmsNormBackward: of(reference.rmsNormBackward, normGradients),
    max: of(reference.max, reduced),
    mean: of(reference.mean, reduced),
    sum: of(reference.sum, reduced),
    magnitude: of(reference.magnitude, [{ ...x, peaks: v2 }, { index: 0 }]),
    cosinesAndSines: of(reference.cosinesAndSines, [{ theta: 10_000, width: 2, positions: 4 }]),
    hadamard: of(reference.hadamard, [{ x: bits(1, 2, 1, 4) }]),
    rope: of(reference.rope, [
      { x: bits(1, 2, 1, 4), table: bits(4, 2, 2), positions: bits(1, 2) },
      { layout: "halves", start: 0, inverse: true },
    ]),
    align: of(reference.align, [experts, { count: 2, block: 2 }]),
    imbalance: of(reference.imbalance, [{ counts: alignment.counts }]),
    mixture: of(reference.mixture, [{ ...feed, gateUpBias: bits(8), downBias: bits(8) }, { activation: "swiglu" }]),
    mixtureBackward: of(reference.mixtureBackward, [
      { ...feed, gateUpBias: bits(8), downBias: bits(8), dy: feed.x },
      { activation: "swiglu" },
    ]),
    routeBackward: of(reference.routeBackward, [{ ...logits, ...experts, dweights: experts.experts }, rule]),
    routerStatistics: of(reference.routerStatistics, [{ ...logits, ...experts }, { scores: "softmax" }]),
    routerStatisticsBackward: of(reference.routerStatisticsBackward, [
      { ...logits, dsums: bits(9) },
      { scores: "softmax" },
    ]),
    balanceBias: of(reference.balanceBias, [{ sums: bits(9), bias: bits(4) }, { rate: 0.001 }]),
    paddingEfficiency: of(reference.paddingEfficiency, [alignment]),
    expertChoice: of(reference.expertChoice, [logits, { capacity: 1 }]),
    expertsOfSlots: of(reference.expertsOfSlots, ["op", experts.experts]),
    limitCapacity: of(reference.limitCapacity, [experts, { count: 2, capacity: 1 }]),
    loadBalance: of(reference.loadBalance, [{ ...experts, scores: m2 }]),
    route: of(reference.route, [{ ...logits, bias: bits(4) }, rule]),
    argmax: of(reference.argmax, [logits]),
    filter: of(reference.filter, [logits, filters]),
    penalise: of(reference.penalise, [
      { ...logits, counts: bits(2, 4) },
      { repetition: 1, presence: 0, frequency: 0 },
    ]),
    restrict: of(reference.restrict, [{ ...logits, allowed: bits(2, 1) }]),
    sample: of(reference.sample, [{ ...logits, words: v2 }, filters]),
    tokenWeights: of(reference.tokenWeights, [logits, filters]),
    acceptDrafts: of(reference.acceptDrafts, [
      { weights: bits(2, 4), draftWeights: bits(2, 4), drafts: bits(2), words: bits(2, 3) },
    ]),
    topLogprobs: of(reference.topLogprobs, [logits, { n: 2 }]),
    beamTotals: of(reference.beamTotals, [{ ...logits, scores: v2 }]),
    topTokens: of(reference.topTokens, [logits, { n: 2 }]),
    mergeBeams: of(reference.mergeBeams, [
      { tokens: bits(2, 4), values: bits(2, 4), ranks: bits(2) },
      { beams: 2, n: 3, v: 4 },
    ]),
    copyRows: of(reference.copyRows, [{ cache: bits(2, 1, 3, 2), parents: bits(2), lengths: bits(2) }]),
    additiveAttention: of(reference.additiveAttention, [additive]),
    additiveAttentionBackward: of(reference.additiveAttentionBackward, [{ ...additive, ...ofWeights }]),
    additiveScores: of(reference.additiveScores, [scored]),
    additiveScoresBackward: of(reference.additiveScoresBackward, [{ ...scored, dscores: bits(2, 1, 3) }]),
    luongAttention: of(reference.luongAttention, [concat, { score: "concat" }]),
    luongAttentionBackward: of(reference.luongAttentionBackward, [{ ...concat, ...ofWeights }, { score: "concat" }]),
    maskLengths: of(reference.maskLengths, [
      { x: bits(2, 3, 2), lengths: v2 },
      { axis: 1, value: 0 },
    ]),
    recurrent: of(reference.recurrent, [cells, { cell: "lstm", reverse: true, reset: "after" }]),
    recurrentBackward: of(reference.recurrentBackward, [
      { ...cells, dout: bits(2, 1, 2), dstate: m2, dcell: m2 },
      { cell: "lstm", reverse: true, reset: "after" },
    ]),
    shortConvolution: of(reference.shortConvolution, [convolution, { activation: "silu" }]),
    shortConvolutionBackward: of(reference.shortConvolutionBackward, [
      { ...convolution, dy: convolution.x, dstate: convolution.state },
      { activation: "silu" },
    ]),
    deltaRule: of(reference.deltaRule, [corrected, { normalise: true, scale: 1, form: "quadratic" }]),
    deltaRuleBackward: of(reference.deltaRuleBackward, [
      { ...corrected, dout: keys.v, dstate: corrected.state },
      { normalise: true, scale: 1 },
    ]),
    stateSpace: of(reference.stateSpace, [spaces, { form: "quadratic" }]),
    stateSpaceBackward: of(reference.stateSpaceBackward, [{ ...spaces, dy: spaces.x, dstate: spaces.state }]),
    negativeSampling: of(reference.negativeSampling, [pairsOfWords]),
    negativeSamplingBackward: of(reference.negativeSamplingBackward, [{ ...pairsOfWords, dlosses: v2 }]),
    bert: of(reference.bert, [{ ids: v2, types: v2, weights: bertWeights }, bertConfig]),
    gpt1: of(reference.gpt1, [{ ids: v2, weights: gpt1Weights }, gpt1Config]),
    gpt2: of(reference.gpt2, [{ ids: v2, weights: gpt2Weights }, gpt2Config]),
    llama: of(reference.llama, [{ ids: v2, weights: llamaWeights, table: bits(4, 1, 2) }, llamaConfig]),
  };
  return Object.fromEntries(Object.entries(calls).map(([name, call]) => [`reference/${name}`, call]));
}
