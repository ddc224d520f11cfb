// The public surface. Each name is documented where it is defined.

// The device and recorded programs

export type { AdapterInfo } from "./gpu/device/adapter.ts";
export type { Limits } from "./gpu/device/limits.ts";
export { type GpuOptions, openGpu } from "./gpu/device/open.ts";
export { GpuError, ShaderError } from "./gpu/errors.ts";
export { Gpu, Instance, Program } from "./gpu/gpu.ts";
export type { Call, Cost, Dispatch } from "./gpu/program/dispatch.ts";
export type { Replacement } from "./gpu/program/program.ts";
export type { Scope } from "./gpu/scopes.ts";
export type { ShaderModule } from "./gpu/shader/shader-module.ts";
export type { Shader, Specialisation } from "./gpu/shader/specialise.ts";
export { wgslModule } from "./gpu/shader/wgsl-module.ts";

// Mistakes in calls

export { OptionError, ShapeError } from "./options/errors.ts";

// Tensors

export {
  bytesPerElement,
  type DType,
  decode,
  type Elements,
  encode,
  type FloatType,
  floatTypes,
  type PlainType,
  plainTypes,
} from "./tensor/dtype.ts";
export type { Plane, Planes, StorageFormat } from "./tensor/formats/format.ts";
export { formats as storageFormats } from "./tensor/formats/formats.ts";
export type { Segment } from "./tensor/segments.ts";
export type { Shape } from "./tensor/shape.ts";
export {
  empty,
  placed,
  placeholder,
  replacements,
  Tensor,
  tensor,
  upload,
  uploadPlanes,
  zeros,
} from "./tensor/tensor.ts";
export { reshape, slice, transpose } from "./tensor/views.ts";

// Your own kernels and ops

export {
  type BoundTensor,
  defineKernel,
  type Into,
  type Kernel,
  type KernelContext,
  type KernelDefinition,
  type Patterns,
  type TensorsOf,
} from "./kernels/define/kernel.ts";
export { defineOp, type Op, type Variant, type VariantChoice } from "./kernels/define/op.ts";
export type { AxesOf } from "./kernels/define/shapes.ts";

// Attention, which is also a separate entry

export * from "./attention.ts";

// Ops

export { type MaskLengthsOptions, maskLengths } from "./kernels/alignment/mask-lengths.ts";
export { type AdditiveScoresTensors, additiveScores } from "./kernels/alignment/scores.ts";
export {
  type IndexOptions,
  indexScores,
  type SelectOptions,
  selectKeys,
} from "./kernels/attention/selected-keys/select-keys.ts";
export {
  type SelectedOptions,
  type SelectedTensors,
  selectedAttention,
} from "./kernels/attention/selected-keys/selected-attention.ts";
export {
  exp,
  type Gated,
  geglu,
  gegluErf,
  gelu,
  geluTanh,
  quickGelu,
  reglu,
  relu,
  sigmoid,
  silu,
  softplus,
  squaredRelu,
  swiglu,
  tanh,
} from "./kernels/elementwise/activation.ts";
export { cast } from "./kernels/elementwise/cast.ts";
export {
  add,
  div,
  type Elementwise,
  mul,
  type Operands,
  sub,
} from "./kernels/elementwise/elementwise.ts";
export { fill } from "./kernels/elementwise/fill.ts";
export { normal, type RandomOptions, uniform } from "./kernels/elementwise/random.ts";
export { softcap } from "./kernels/elementwise/softcap.ts";
export { where } from "./kernels/elementwise/where.ts";
export { gather, gatherStep } from "./kernels/embedding/gather.ts";
export { type CacheFormat, cacheFormats, type WeightType, weightTypes } from "./kernels/formats/formats.ts";
export {
  type GemmActivation,
  type GemmOptions,
  type GemmResult,
  type GemmTensors,
  gemm,
} from "./kernels/gemm/gemm.ts";
export { type AppendOptions, type AppendTensors, appendKv } from "./kernels/kv-cache/append.ts";
export {
  appendRotated,
  type RotatedAppendOptions,
  type RotatedAppendResult,
  type RotatedAppendTensors,
} from "./kernels/kv-cache/append-rotated.ts";
export { type CopyRowsOptions, copyCacheRows } from "./kernels/kv-cache/copy-rows.ts";
export { hadamard } from "./kernels/kv-cache/hadamard.ts";
export type { KvLayout } from "./kernels/kv-cache/layouts.ts";
export { type CacheStorage, cacheStorage } from "./kernels/kv-cache/storage.ts";
export { concat } from "./kernels/layout/concat.ts";
export { contiguous } from "./kernels/layout/contiguous.ts";
export {
  type DeltaRuleOptions,
  type DeltaRuleResult,
  type DeltaRuleTensors,
  deltaRule,
} from "./kernels/linear-recurrence/delta-rule.ts";
export {
  type StateSpaceOptions,
  type StateSpaceResult,
  type StateSpaceTensors,
  stateSpace,
} from "./kernels/linear-recurrence/state-space.ts";
export { headMatmul } from "./kernels/matmul/heads.ts";
export { type MatmulInt8Options, matmulInt8 } from "./kernels/matmul/int8.ts";
export { type MatmulOptions, type MatmulResult, type MatmulTensors, matmul } from "./kernels/matmul/matmul.ts";
export {
  type ProjectionOptions,
  type ProjectionResult,
  type ProjectionTensors,
  projection,
} from "./kernels/matmul/projection.ts";
export { type Aligned, type AlignOptions, type AlignTensors, align } from "./kernels/moe/align.ts";
export { type ExpertChoiceOptions, expertChoice } from "./kernels/moe/expert-choice.ts";
export { type ExpertsOptions, type ExpertsResult, type ExpertsTensors, experts } from "./kernels/moe/experts.ts";
export { type RoutingRule, route } from "./kernels/moe/route.ts";
export { type L2NormaliseOptions, l2Normalise } from "./kernels/norm/l2-normalise.ts";
export { addLayerNorm, type LayerNormOptions, layerNorm } from "./kernels/norm/layer-norm.ts";
export { addRmsNorm, type RmsNormOptions, rmsNorm } from "./kernels/norm/rms-norm.ts";
export type { RecurrentCell, RecurrentOptions, RecurrentTensors } from "./kernels/recurrent/problem.ts";
export { type RecurrentResult, recurrent } from "./kernels/recurrent/recurrent.ts";
export { magnitude } from "./kernels/reduce/magnitude.ts";
export { type AxisOptions, max, mean, sum } from "./kernels/reduce/reduce.ts";
export { reduceSegments, type SegmentOptions, type SegmentTensors } from "./kernels/reduce/segments.ts";
export { type RopeOptions, rope } from "./kernels/rope/rope.ts";
export { parseRopeScaling, type RopeScaling } from "./kernels/rope/scaling.ts";
export { type RopeTable, ropeTable } from "./kernels/rope/table.ts";
export type { ShortConvolutionOptions, ShortConvolutionTensors } from "./kernels/short-convolution/problem.ts";
export { type ShortConvolutionResult, shortConvolution } from "./kernels/short-convolution/short-convolution.ts";
export { logSoftmax } from "./kernels/softmax/log-softmax.ts";
export { softmax } from "./kernels/softmax/softmax.ts";
export { type Recipe, recipes } from "./models/decoders/recipes.ts";
export { loadPackedFormats } from "./tensor/formats/packed.ts";

// Choosing tokens

export { acceptDrafts, tokenWeights } from "./kernels/sampling/accept-drafts.ts";
export { argmax } from "./kernels/sampling/argmax.ts";
export { beamTotals, mergeBeams, topTokens } from "./kernels/sampling/beams.ts";
export { penalise, tokenLogprobs, topLogprobs } from "./kernels/sampling/logprobs.ts";
export { restrict } from "./kernels/sampling/restrict.ts";
export { type SampleTensors, sample } from "./kernels/sampling/sample.ts";
export { packSettings, type SamplingSettings } from "./kernels/sampling/settings.ts";

// The measured peaks of a device

export {
  copyVectors,
  increment,
  type MultiplyAddOptions,
  multiplyAdd,
  multiplyAddResult,
  type ReadVectorsOptions,
  readVectors,
  readVectorsResult,
  readWorkgroupMemory,
  type WorkgroupMemoryOptions,
  workgroupMemoryResult,
} from "./kernels/peaks.ts";

// Blocks

export type { Activation } from "./blocks/activations.ts";
export {
  type AdditiveAttentionTensors,
  type AlignedResult,
  additiveAttention,
  type LuongAttentionOptions,
  type LuongAttentionTensors,
  luongAttention,
} from "./blocks/alignment.ts";
export {
  type AttentionInputs,
  type AttentionShape,
  type AttentionWeights,
  attentionLayer,
  type Place,
} from "./blocks/attention.ts";
export { type FeedForwardWeights, feedForward } from "./blocks/feed-forward.ts";
export {
  type CacheShape,
  cacheBytes,
  cachePairs,
  cacheRow,
  createCache,
  disposeCache,
  type KvCache,
  type LayerCache,
  placeholderCache,
} from "./blocks/kv-cache/cache.ts";
export { type CacheLayout, type CacheOptions, cacheLayouts } from "./blocks/kv-cache/cache-options.ts";
export { type Linear, linear } from "./blocks/linear.ts";
export { type MixtureShape, type MixtureWeights, mixture } from "./blocks/mixture.ts";
export { addNorm, type Norm, norm, type Residual } from "./blocks/norm.ts";
export {
  type RecurrentLayersOptions,
  type RecurrentLayersTensors,
  recurrentLayers,
} from "./blocks/recurrent-layers.ts";
export { type GatedConvolutionWeights, gatedConvolution } from "./blocks/state/gated-convolution.ts";
export { type GatedDeltaNetOptions, type GatedDeltaNetWeights, gatedDeltaNet } from "./blocks/state/gated-delta-net.ts";
export { type Mamba2Options, type Mamba2Weights, mamba2 } from "./blocks/state/mamba2.ts";
export type { LayerState, StateLayer, StateLayerResult } from "./blocks/state/parts.ts";
export { type BlockShape, type BlockWeights, transformerBlock } from "./blocks/transformer-block.ts";

// Models and their files

export { type FileContent, openFiles } from "./formats/files.ts";
export { openFolder } from "./formats/folder.ts";
export { FormatError } from "./formats/format-error.ts";
export { type OpenUrlOptions, openUrl } from "./formats/http/url.ts";
export type { HubOptions } from "./formats/hub/hub-options.ts";
export type { CachedModel, CacheEstimate, ModelCache } from "./formats/hub/model-cache.ts";
export type { ModelCacheOptions } from "./formats/hub/open-model-cache.ts";
export { openModel, openModelCache } from "./formats/hub.ts";
export type { LoadPhase, LoadProgress, Progress } from "./formats/load-progress.ts";
export type { FileHead, FileSource, ReadOptions } from "./formats/source.ts";
export type { DecoderConfig, Positions } from "./models/decoders/config.ts";
export type { Decoder } from "./models/decoders/decoder.ts";
export { architectures } from "./models/model-kind.ts";
export type { DecoderWeights, LoadOptions } from "./models/weights/weights.ts";

// Text

export { createTokenizer } from "./text/create-tokenizer.ts";
export type { ChatMessage, ChatTemplate, ChatTemplateOptions } from "./text/template/chat-template.ts";
export { createChatTemplate } from "./text/template/create-chat-template.ts";
export { TextError } from "./text/text-error.ts";
export type { Tokenizer } from "./text/tokenizer.ts";

// Generation

export type { LanguageModel } from "./generate/language-model.ts";
export { loadModel, type ModelOptions } from "./generate/load/load-model.ts";
export { type PlanLoadOptions, planLoad } from "./generate/load/plan-load.ts";
export type { TokenAttention, TokenAttentionOptions } from "./generate/look/attention-weights.ts";
export type { EmbedOptions } from "./generate/look/embed.ts";
export type { ExpertChoices, LayerChoices } from "./generate/look/expert-choices.ts";
export type { NextTokenOptions, NextTokenProbabilities } from "./generate/look/next-token.ts";
export { type LoadAdapterOptions, loadAdapter } from "./generate/lora/load-adapter.ts";
export type { ChatOptions, GenerationOptions } from "./generate/options.ts";
export type { Generation } from "./generate/session/generation.ts";
export type { GenerationResult, RowResult, TextResult } from "./generate/session/generation-result.ts";
export type { GuardReport } from "./generate/session/guard.ts";
export type { Piece, StopReason, TokenLogprob } from "./generate/session/row.ts";
export type { Prompt, Session } from "./generate/session/session.ts";
export type { TokenConstraint } from "./generate/session/token-constraint.ts";
export type { DraftModel, PromptLookup, Speculative, SpeculativeFigures } from "./generate/speculative/options.ts";

// Choices measured on a device

export * from "./generate/tuning/tune.ts";

// Engines: models by an interface that OpenAI's clients have

export { type AiSdkCall, type AiSdkModel, type AiSdkPart, aiSdkModel } from "./engine/ai-sdk.ts";
export { createEngine } from "./engine/create-engine.ts";
export { createWorkerEngine } from "./engine/create-worker-engine.ts";
export { type AdapterSupport, setAdapters } from "./engine/direct/adapters.ts";
export { type EncoderSupport, type EncodersImport, setEncoders } from "./engine/direct/encoders.ts";
export { adaptersForEngines } from "./engine/direct/load-adapters.ts";
export type { DraftRequest, EngineDraft } from "./engine/drafts.ts";
export type {
  AttentionOfToken,
  AttentionRequest,
  Engine,
  EngineDevice,
  EngineEvent,
  EngineLoadOptions,
  EngineOptions,
  EngineStorage,
  EngineTuneOptions,
  ExpertsOfTokens,
  ExpertsRequest,
  LayerExperts,
  ModelInfo,
  ModelSource,
  PlanOptions,
  ProbabilitiesRequest,
  Tokenized,
} from "./engine/engine.ts";
export type { EngineGeneration, EnginePiece, EngineResult, GenerateRequest } from "./engine/generate-request.ts";
export { setGrammarLibrary } from "./engine/grammar/library.ts";
export type { EngineEncoder, EngineEncoderDecoder } from "./engine/methods.ts";
export type { CallOptions, ChatCompletions, Completions, Embeddings, Models } from "./engine/openai/functions.ts";
export type * from "./engine/openai/types.ts";
export type { EnginePort, PortEvent } from "./engine/port/messages.ts";
export { serveEngine } from "./engine/port/serve-engine.ts";
export { RequestError, type RequestErrorOptions } from "./engine/request-error.ts";
export type { LoadPlan } from "./generate/load/plan-load.ts";
