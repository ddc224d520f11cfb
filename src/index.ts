// The public surface: what a name means stands where it is defined.

// The device and recorded programs

export type { AdapterInfo } from "./gpu/adapter.ts";
export type { Call, Cost, Dispatch } from "./gpu/dispatch.ts";
export { GpuError, ShaderError } from "./gpu/errors.ts";
export { Gpu, type Scope } from "./gpu/gpu.ts";
export { type GpuOptions, openGpu } from "./gpu/open.ts";
export type { Limits } from "./gpu/pipelines.ts";
export { Instance, Program, type Replacement } from "./gpu/program.ts";
export type { Shader, ShaderFiles, Specialisation } from "./gpu/specialise.ts";

// Tensors

export { bytesPerElement, type DType, decode, type Elements, encode } from "./tensor/dtype.ts";
export { type Shape, ShapeError } from "./tensor/shape.ts";
export {
  empty,
  placed,
  placeholder,
  replacements,
  type Segment,
  Tensor,
  tensor,
  upload,
  zeros,
} from "./tensor/tensor.ts";
export { reshape, slice, transpose } from "./tensor/views.ts";

// Kernels and ops of one's own

export {
  defineKernel,
  type Into,
  type Kernel,
  type KernelContext,
  type KernelDefinition,
  type Patterns,
  type TensorsOf,
} from "./kernels/kernel.ts";
export { defineOp, type Op, type Variant, type VariantChoice } from "./kernels/op.ts";
export { shaderFiles } from "./kernels/parts.ts";
export type { AxesOf } from "./kernels/shapes.ts";

// Ops

export {
  type AttentionMask,
  type AttentionOptions,
  type AttentionResult,
  type AttentionScore,
  type AttentionTensors,
  attention,
} from "./kernels/attention/attention.ts";
export {
  type Gated,
  geglu,
  gelu,
  geluTanh,
  quickGelu,
  silu,
  swiglu,
} from "./kernels/elementwise/activation.ts";
export { cast } from "./kernels/elementwise/cast.ts";
export {
  add,
  div,
  type Elementwise,
  exp,
  mul,
  type Operands,
  sub,
  where,
} from "./kernels/elementwise/elementwise.ts";
export { fill } from "./kernels/elementwise/fill.ts";
export { normal, type RandomOptions, uniform } from "./kernels/elementwise/random.ts";
export { gather, gatherStep } from "./kernels/embedding/gather.ts";
export { appendKv } from "./kernels/kv-cache/append.ts";
export { concat } from "./kernels/layout/concat.ts";
export { contiguous } from "./kernels/layout/contiguous.ts";
export { type MatmulOptions, type MatmulResult, type MatmulTensors, matmul } from "./kernels/matmul/matmul.ts";
export { addLayerNorm, type LayerNormOptions, layerNorm } from "./kernels/norm/layer-norm.ts";
export { addRmsNorm, type RmsNormOptions, rmsNorm } from "./kernels/norm/rms-norm.ts";
export { type AxisOptions, max, mean, sum } from "./kernels/reduce/reduce.ts";
export { type RopeOptions, rope } from "./kernels/rope/rope.ts";
export { parseRopeScaling, type RopeScaling } from "./kernels/rope/scaling.ts";
export { type RopeTable, ropeTable } from "./kernels/rope/table.ts";
export { softmax } from "./kernels/softmax/softmax.ts";

// Choosing tokens

export { argmax } from "./kernels/sampling/argmax.ts";
export { penalise } from "./kernels/sampling/penalise.ts";
export { type SampleTensors, sample } from "./kernels/sampling/sample.ts";
export { packSettings, type SamplingSettings } from "./kernels/sampling/settings.ts";
export { tokenLogprobs } from "./kernels/sampling/token-logprobs.ts";
export { topLogprobs } from "./kernels/sampling/top-logprobs.ts";

// Blocks

export {
  type AttentionInputs,
  type AttentionShape,
  type AttentionWeights,
  attentionLayer,
  type Place,
} from "./blocks/attention.ts";
export { type Activation, type FeedForwardWeights, feedForward } from "./blocks/feed-forward.ts";
export {
  type CacheShape,
  cachePairs,
  cacheRow,
  createCache,
  disposeCache,
  type KvCache,
  type LayerCache,
  placeholderCache,
} from "./blocks/kv-cache.ts";
export { type Linear, linear } from "./blocks/linear.ts";
export { addNorm, type Norm, norm, type Residual } from "./blocks/norm.ts";
export { type BlockShape, type BlockWeights, transformerBlock } from "./blocks/transformer-block.ts";

// Models and their files

export { openFolder } from "./formats/folder.ts";
export { FormatError } from "./formats/format-error.ts";
export type { FileSource } from "./formats/source.ts";
export { type OpenUrlOptions, openUrl } from "./formats/url.ts";
export { architectures } from "./models/architectures.ts";
export type { DecoderConfig, Positions } from "./models/config.ts";
export type { Decoder } from "./models/decoder.ts";
export type { DecoderWeights, LoadOptions } from "./models/weights.ts";

// Text

export { type ChatMessage, type ChatTemplate, createChatTemplate } from "./text/chat-template.ts";
export { TextError } from "./text/text-error.ts";
export { createTokenizer, type Tokenizer } from "./text/tokenizer.ts";

// Generation

export type { Generation, GenerationResult, RowResult } from "./generate/generation.ts";
export { type LanguageModel, loadModel, type ModelOptions } from "./generate/language-model.ts";
export type { GenerationOptions } from "./generate/options.ts";
export type { Piece, StopReason, TokenLogprob } from "./generate/row.ts";
export type { Session } from "./generate/session.ts";
