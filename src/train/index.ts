// Training: models that learn, gradients of recorded programs, losses, and the ops that compute gradients.
// `shaderformer/train`.

// Models that learn

export type { OpeningOptions } from "../generate/load/opening.ts";
export { type FreshOptions, freshFolder } from "./initialisers/fresh-folder.ts";
export { type FreshTensor, type InitialiserOptions, initialise } from "./initialisers/initialise.ts";
export type { Initialiser } from "./initialisers/schemes.ts";
export { type FreshHeadOptions, freshHead, type LabelTask } from "./initialisers/task-heads.ts";
export {
  type EncoderBatches,
  type EncoderTask,
  openTrainableEncoder,
  type TrainableEncoder,
  type TrainableEncoderOptions,
} from "./open/encoder.ts";
export {
  openTrainableEncoderDecoder,
  type TrainableEncoderDecoder,
  type TrainableEncoderDecoderOptions,
} from "./open/encoder-decoder.ts";
export { type ExportOptions, exportModel } from "./open/export-model.ts";
export { openTrainable, type Trainable, type TrainableOptions } from "./open/open-trainable.ts";

export type { Parameter } from "./open/parameters.ts";
export type { TrainedFolder } from "./open/trained-folder.ts";

// Adapters

export type { LoraConfig, Pattern } from "../generate/lora/lora-config.ts";
export type { AdapterModule, StoredAdapter } from "../generate/lora/read-adapter.ts";
export { mergeAdapter } from "./lora/merge.ts";
export { type LoraLoadOptions, type LoraOptions, type LoraTrainable, openLora } from "./lora/open-lora.ts";
export { readAdapter } from "./lora/read-adapter.ts";

// Steps

export {
  type AdditiveScoresBackwardOptions,
  type AdditiveScoresGradients,
  type AdditiveScoresGradientTensors,
  additiveScoresBackward,
} from "../kernels/alignment/scores-backward.ts";
export type { ContrastiveBatch } from "./objectives/contrastive-batch.ts";
export type { PairLossOptions } from "./objectives/encoder-decoder.ts";
export type { LabelBatch } from "./objectives/label-batch.ts";
export type { MaskedBatch } from "./objectives/masked-batch.ts";
export type { Objective, Recompute, StepShape } from "./objectives/objective.ts";
export type { PairBatch } from "./objectives/pair-batch.ts";
export type { TokenBatch } from "./objectives/token-batches.ts";
export type { TokenLabelBatch } from "./objectives/token-label-batch.ts";
export type { AdamWSettings } from "./optimizers/adamw.ts";
export type { LionSettings } from "./optimizers/lion.ts";
export type { MuonSettings, OtherSettings } from "./optimizers/muon.ts";
export type { OptimizerName, OptimizerOptions } from "./optimizers/optimizers.ts";
export type { SgdSettings } from "./optimizers/sgd.ts";
export type { RouterLossOptions } from "./router-losses.ts";
export {
  type LearningRate,
  type Schedule,
  type ScheduleName,
  type ScheduleOptions,
  type ScheduleSettings,
  schedules,
} from "./schedules.ts";
export type { EvaluateOptions, ParameterRule, TrainerOptions } from "./trainer/options.ts";
export type { Evaluation, TrainingStep } from "./trainer/results.ts";
export type { RouterOptions } from "./trainer/routing.ts";
export type { Counters, State } from "./trainer/state.ts";
export type { Trainer } from "./trainer/trainer.ts";
export { createTrainer } from "./trainer/trainer.ts";

// Data

export { type TokenizerTraining, type TrainedTokenizer, trainTokenizer } from "./bpe/train-tokenizer.ts";
export {
  type AnswerTemplate,
  type AnswerTemplateOptions,
  readAnswerTemplate,
} from "./data/answer-tokens.ts";
export { batchesAt, type HeldOutOptions, heldOutLoss, type StepOptions } from "./data/batches.ts";
export { readDocuments, splitHeldOut, type TrainingDocument } from "./data/documents.ts";
export { type LabelledTokens, type LabelWordsOptions, labelWords } from "./data/label-words.ts";
export { type MaskOptions, maskTokens } from "./data/mask-tokens.ts";
export type { Row } from "./data/pack-documents.ts";
export { type PairOptions, pairBatch, type TokenPair } from "./data/pairs.ts";
export {
  allWindows,
  type EpochOptions,
  type Packing,
  type RowOptions,
  type RowOrder,
  randomWindows,
  shuffledEpochs,
  type WeightedDocuments,
} from "./data/rows.ts";
export { type TokenDocuments, type TokeniseOptions, tokenise } from "./data/tokens.ts";

// Checkpoints

export {
  type CheckpointRecord,
  loadCheckpoint,
  type RestoredTraining,
  saveCheckpoint,
} from "./checkpoints/save-checkpoint.ts";

// Losses

export {
  countTargets,
  crossEntropy,
  crossEntropyRows,
  type LossTensors,
  type MeanLoss,
  meanLoss,
  type RowLosses,
} from "../kernels/cross-entropy/cross-entropy.ts";
export {
  crossEntropyBackward,
  type LossGradient,
  type LossGradientOptions,
  type LossGradientTensors,
} from "../kernels/cross-entropy/cross-entropy-backward.ts";
export {
  type LinearLoss,
  type LinearLossOptions,
  type LinearLossTensors,
  linearCrossEntropy,
} from "../kernels/cross-entropy/linear.ts";
export {
  type LinearLossGradientOptions,
  type LinearLossGradients,
  type LinearLossGradientTensors,
  linearCrossEntropyBackward,
} from "../kernels/cross-entropy/linear-backward.ts";
export type { Ignoring, LossOptions } from "../kernels/cross-entropy/options.ts";

// Gradients of ops

export {
  type AttentionBackwardOptions,
  type AttentionBackwardTensors,
  type AttentionGradients,
  type AttentionNeeds,
  attentionBackward,
} from "../kernels/attention/backward/attention-backward.ts";
export type { MapBackwardTensors, MapGradient } from "../kernels/elementwise/activation-backward.ts";
export {
  expBackward,
  geluBackward,
  geluTanhBackward,
  quickGeluBackward,
  reluBackward,
  sigmoidBackward,
  siluBackward,
  softcapBackward,
  softplusBackward,
  squaredReluBackward,
  tanhBackward,
} from "../kernels/elementwise/activation-backward.ts";
export {
  type GatedBackwardTensors,
  type GatedGradients,
  gegluBackward,
  gegluErfBackward,
  regluBackward,
  swigluBackward,
} from "../kernels/elementwise/gated-backward.ts";
export {
  type GatherGradient,
  type GatherGradientOptions,
  type GatherGradientTensors,
  gatherBackward,
} from "../kernels/embedding/gather-backward.ts";
export {
  type DeltaRuleGradients,
  type DeltaRuleGradientTensors,
  deltaRuleBackward,
} from "../kernels/linear-recurrence/delta-rule-backward.ts";
export {
  type StateSpaceGradients,
  type StateSpaceGradientTensors,
  stateSpaceBackward,
} from "../kernels/linear-recurrence/state-space-backward.ts";
export {
  type ExpertsBackwardOptions,
  type ExpertsBackwardTensors,
  type ExpertsGradients,
  expertsBackward,
} from "../kernels/moe/experts-backward.ts";
export { type LogitGradient, type RouteGradientTensors, routeBackward } from "../kernels/moe/route-backward.ts";
export {
  type RouterScores,
  type RouterStatisticsTensors,
  routerStatistics,
  routerStatisticsBackward,
} from "../kernels/moe/router-statistics.ts";
export type { NormBackwardTensors, NormGradients } from "../kernels/norm/backward.ts";
export {
  type L2Gradient,
  type L2GradientTensors,
  l2NormaliseBackward,
} from "../kernels/norm/l2-normalise-backward.ts";
export { type LayerNormBackwardOptions, layerNormBackward } from "../kernels/norm/layer-norm-backward.ts";
export { type RmsNormBackwardOptions, rmsNormBackward } from "../kernels/norm/rms-norm-backward.ts";
export {
  type RecurrentBackwardOptions,
  type RecurrentGradients,
  type RecurrentGradientTensors,
  recurrentBackward,
} from "../kernels/recurrent/backward.ts";
export { columnSums } from "../kernels/reduce/column-sums.ts";
export {
  type MaxGradientTensors,
  maxBackward,
  type RowGradient,
  reduceSegmentsBackward,
  type SegmentGradientTensors,
} from "../kernels/reduce/segments-backward.ts";
export {
  type ShortConvolutionBackwardOptions,
  type ShortConvolutionGradients,
  type ShortConvolutionGradientTensors,
  shortConvolutionBackward,
} from "../kernels/short-convolution/backward.ts";
export { logSoftmaxBackward } from "../kernels/softmax/log-softmax-backward.ts";
export {
  type SoftmaxBackwardTensors,
  type SoftmaxGradient,
  softmaxBackward,
} from "../kernels/softmax/softmax-backward.ts";

// Dropout

export type { WeightDropout } from "../kernels/attention/records/mod.ts";
export { weightDropout } from "../kernels/attention/records/mod.ts";
export { type DropoutOptions, dropout } from "../kernels/elementwise/dropout.ts";

// Ops of optimizers

export { balanceBias } from "../kernels/moe/balance-bias.ts";
export { type AdamWOptions, type AdamWTensors, adamW } from "../kernels/optimizer/adamw.ts";
export { type DescendOptions, type DescendTensors, descend } from "../kernels/optimizer/descend.ts";
export {
  type GradientNormOptions,
  type GradientNormTensors,
  gradientNorm,
} from "../kernels/optimizer/gradient-norm.ts";
export { type LionOptions, type LionTensors, lion } from "../kernels/optimizer/lion.ts";
export { type MomentumOptions, type MomentumTensors, momentum } from "../kernels/optimizer/momentum.ts";

// Gradients

export { type MemoryUse, memoryUse, type PlannedProgram } from "../gpu/device/memory-use.ts";
export { type GradientOptions, gradients } from "./gradients/gradients.ts";
export { type CheckpointOptions, checkpoint } from "./gradients/recompute.ts";
export { type ForwardCall, GradientError, type InputGradients, type Rule, ruleOf } from "./gradients/rule.ts";
