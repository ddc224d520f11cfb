// The definitions: one plain loop an op, sums in float64. `shaderformer/reference`.

// Tensors in float64

export {
  addScaled,
  at,
  axes,
  axisFromFirst,
  type Dense,
  dense,
  dot,
  element,
  lengthOf,
  reshape,
  sizeOf,
  splitAt,
} from "./dense.ts";

// Attention

export { type AttentionOptions, attention } from "./attention.ts";
export { type AttentionBackwardOptions, attentionBackward, type ScoreTensor } from "./attention-backward.ts";
export { type MaskDescription, maskOf, type ScoreDescription, scoreOf } from "./described.ts";
export { latentAttention } from "./latent-attention.ts";
export { feature, type LinearAttentionOptions, linearAttention } from "./linear-attention.ts";
export { both, causal, either, full, type Mask, masks, ofRow, type PairsShape, pairs, type Start } from "./masks.ts";
export { type AttentionState, mergeAttention } from "./merge.ts";
export { chain, type Score, scores } from "./scores.ts";

// Caches

export { append } from "./kv-cache.ts";
export { dequantise, gatherPages, type Quantisation, quantise, ringPositions, ringSlot } from "./kv-layouts.ts";

// Ops

export {
  geglu,
  gegluErf,
  gelu,
  geluTanh,
  logistic,
  quickGelu,
  reglu,
  relu,
  silu,
  squaredRelu,
  swiglu,
  tanh,
} from "./activation.ts";
export {
  expBackward,
  gegluBackward,
  gegluErfBackward,
  geluBackward,
  geluTanhBackward,
  logisticBackward,
  quickGeluBackward,
  regluBackward,
  reluBackward,
  siluBackward,
  softcapBackward,
  squaredReluBackward,
  swigluBackward,
  tanhBackward,
} from "./activation-backward.ts";
export { type CrossEntropyOptions, crossEntropy, crossEntropyBackward } from "./cross-entropy.ts";
export { type DropoutOptions, dropout, weightDropout } from "./dropout.ts";
export { add, cast, div, exp, fill, mul, sub, where } from "./elementwise.ts";
export { gather, gatherBackward } from "./embedding.ts";
export { type GemmOptions, gemm } from "./gemm.ts";
export { type L2Options, l2Normalise, l2NormaliseBackward } from "./l2-normalise.ts";
export { concat, type SliceOptions, slice, transpose } from "./layout.ts";
export { linearCrossEntropy, linearCrossEntropyBackward } from "./linear-cross-entropy.ts";
export { logSoftmax, logSoftmaxBackward } from "./log-softmax.ts";
export { matmul } from "./matmul.ts";
export { addLayerNorm, addRmsNorm, layerNorm, type NormOptions, rmsNorm } from "./norm.ts";
export { layerNormBackward, rmsNormBackward } from "./norm-backward.ts";
export {
  type AdamWOptions,
  adamW,
  descend,
  gradientNorm,
  type LionOptions,
  lion,
  type MomentumOptions,
  momentum,
  newtonSchulz,
  newtonSchulzCoefficients,
} from "./optimisers.ts";
export { magnitude, max, mean, sum } from "./reduce.ts";
export { cosinesAndSines, type RopeLayout, type RopeOptions, rope } from "./rope.ts";
export { segments } from "./segments.ts";
export { maxBackward, segmentsBackward } from "./segments-backward.ts";
export { softcap } from "./softcap.ts";
export { softmax } from "./softmax.ts";
export { softmaxBackward } from "./softmax-backward.ts";

// Mixtures of experts

export { type Alignment, align, imbalance, mixture, NO_POSITION, paddingEfficiency } from "./mixture.ts";
export { mixtureBackward, routeBackward } from "./mixture-backward.ts";
export { balanceBias, routerStatistics, routerStatisticsBackward } from "./router-statistics.ts";
export {
  expertChoice,
  expertsOfSlots,
  limitCapacity,
  loadBalance,
  type Routing,
  type RoutingRule,
  route,
} from "./routing.ts";

// Choosing tokens, and random numbers

export { beamTotals, copyRows, mergeBeams, topTokens } from "./beams.ts";
export { threefry2x32, uniform01, type Words } from "./random.ts";
export {
  argmax,
  type FilterOptions,
  filter,
  type PenaltyOptions,
  penalise,
  restrict,
  sample,
  topLogprobs,
} from "./sampling.ts";
export { acceptDrafts, tokenWeights } from "./speculative.ts";

// Whole models

export { type BertConfig, bert } from "./encoder.ts";
export { type Gpt1Config, type Gpt2Config, gpt1, gpt2 } from "./gpt.ts";
export { type LlamaConfig, llama, type Weights } from "./transformer.ts";
