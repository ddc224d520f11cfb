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

export {
  type AdditiveAttention,
  type AdditiveScores,
  type Aligned,
  type AlignedUpstream,
  additiveAttention,
  additiveAttentionBackward,
  additiveScores,
  additiveScoresBackward,
  type LuongAttention,
  luongAttention,
  luongAttentionBackward,
  maskLengths,
} from "./attention/alignment.ts";
export {
  type AttentionBackwardOptions,
  type AttentionOptions,
  type AttentionState,
  attention,
  attentionBackward,
  mergeAttention,
  type ScoreTensor,
} from "./attention/attention.ts";
export { hadamard } from "./attention/hadamard.ts";
export { feature, type LinearAttentionOptions, linearAttention } from "./attention/linear-attention.ts";
export type { RecurrenceForm } from "./attention/linear-recurrence.ts";
export {
  both,
  causal,
  either,
  full,
  type Mask,
  masks,
  ofRow,
  type PairsShape,
  pairs,
  type Start,
} from "./attention/masks.ts";
export { chain, type Score, scores } from "./attention/scores.ts";
export {
  type IndexOptions,
  type IndexTensors,
  indexScores,
  noKey,
  type RouteBlocksOptions,
  routeBlocks,
  type SelectedOptions,
  type SelectedTensors,
  type SelectOptions,
  selectedAttention,
  selectKeys,
} from "./attention/selected-keys.ts";
export { type MaskDescription, maskOf, type ScoreDescription, scoreOf } from "./described.ts";
export { latentAttention } from "./models/latent-attention.ts";

// Caches

export {
  append,
  dequantise,
  gatherPages,
  type Quantisation,
  quantise,
  ringPositions,
  ringSlot,
} from "./attention/kv-cache.ts";

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
  softcap,
  softplus,
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
  softplusBackward,
  squaredReluBackward,
  swigluBackward,
  tanhBackward,
} from "./activation-backward.ts";
export {
  type CrossEntropyOptions,
  crossEntropy,
  crossEntropyBackward,
  linearCrossEntropy,
  linearCrossEntropyBackward,
} from "./cross-entropy.ts";
export {
  type DeltaRuleGradients,
  type DeltaRuleOptions,
  type DeltaRuleTensors,
  deltaRule,
  deltaRuleBackward,
} from "./delta-rule.ts";
export { type DropoutOptions, dropout, weightDropout } from "./dropout.ts";
export { add, cast, div, exp, fill, mul, sub, where } from "./elementwise.ts";
export { gather, gatherBackward } from "./embedding.ts";
export { concat, type SliceOptions, slice, transpose } from "./layout.ts";
export { type GemmOptions, gemm, matmul } from "./matmul.ts";
export {
  addLayerNorm,
  addRmsNorm,
  type L2Options,
  l2Normalise,
  l2NormaliseBackward,
  layerNorm,
  layerNormBackward,
  type NormOptions,
  rmsNorm,
  rmsNormBackward,
} from "./norm.ts";
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
} from "./optimizers.ts";
export { magnitude, max, mean, sum } from "./reduce.ts";
export { cosinesAndSines, type RopeLayout, type RopeOptions, rope } from "./rope.ts";
export { maxBackward, segments, segmentsBackward } from "./segments.ts";
export { logSoftmax, logSoftmaxBackward, softmax, softmaxBackward } from "./softmax.ts";
export { type StateSpaceGradients, type StateSpaceTensors, stateSpace, stateSpaceBackward } from "./state-space.ts";

// Mixtures of experts

export { type Alignment, align, imbalance, mixture, NO_POSITION, paddingEfficiency } from "./mixture/mixture.ts";
export { mixtureBackward, routeBackward } from "./mixture/mixture-backward.ts";
export {
  balanceBias,
  expertChoice,
  expertsOfSlots,
  limitCapacity,
  loadBalance,
  type Routing,
  type RoutingRule,
  route,
  routerStatistics,
  routerStatisticsBackward,
} from "./mixture/routing.ts";

// Choosing tokens, and random numbers

export { beamTotals, copyRows, mergeBeams, topTokens } from "./beams.ts";
export { threefry2x32, uniform01, type Words } from "./dropout.ts";
export {
  acceptDrafts,
  argmax,
  type FilterOptions,
  filter,
  type PenaltyOptions,
  penalise,
  restrict,
  sample,
  tokenWeights,
  topLogprobs,
} from "./sampling.ts";

// Recurrent units and word vectors

export {
  type RecurrentGradients,
  type RecurrentOptions,
  type RecurrentTensors,
  recurrent,
  recurrentBackward,
} from "./models/recurrent.ts";
export {
  type ShortConvolutionGradients,
  type ShortConvolutionOptions,
  type ShortConvolutionTensors,
  shortConvolution,
  shortConvolutionBackward,
} from "./models/short-convolution.ts";
export { negativeSampling, negativeSamplingBackward } from "./models/word-vectors.ts";

// Whole models

export { type BertConfig, bert } from "./models/encoder.ts";
export { type Gpt1Config, type Gpt2Config, gpt1, gpt2 } from "./models/gpt.ts";
export { type LlamaConfig, llama, type Weights } from "./models/transformer.ts";
