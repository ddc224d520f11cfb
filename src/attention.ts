// Attention in all its forms: `shaderformer/attention`, and part of `shaderformer`.

// The op, with its masks, scores and layouts

export {
  type AttentionLayout,
  type AttentionMask,
  type AttentionOptions,
  type AttentionResult,
  type AttentionScore,
  type AttentionTensors,
  attention,
  sequenceOffsets,
} from "./kernels/attention/attention.ts";
export { blockMap, countTiles, forgetBlockMaps, type TileCounts } from "./kernels/attention/block-map.ts";
export type { CustomMask, CustomScore, CustomTensor } from "./kernels/attention/custom/custom.ts";
export type { NamedMask } from "./kernels/attention/masks/mask.ts";
export { type AttentionState, type MergeOptions, mergeAttention } from "./kernels/attention/merge.ts";
export { alibiSlopes } from "./kernels/attention/scores/alibi.ts";
export type { NamedScore } from "./kernels/attention/scores/score.ts";
export { blockTable } from "./kernels/kv-cache/block-table.ts";
export { ringPositions } from "./kernels/kv-cache/ring-positions.ts";

// Algorithms on top of it, and related ones

export {
  type CascadeOptions,
  type CascadeTensors,
  cascadeAttention,
  type KeysAndValues,
} from "./blocks/cascade-attention.ts";
export { type LatentOptions, type LatentTensors, latentAttention } from "./blocks/latent-attention.ts";
export type { RingShare } from "./blocks/ring-attention/device.ts";
export type { HostTensor } from "./blocks/ring-attention/host.ts";
export { type RingPort, ringAttentionOverPorts, serveRing } from "./blocks/ring-attention/ports.ts";
export {
  type MovedBytes,
  type PlacelessScore,
  type RingAttentionOptions,
  type RingFigures,
  type RingResult,
  type RingTensors,
  ringAttention,
} from "./blocks/ring-attention/ring-attention.ts";
export {
  type RingBalance,
  type RingBlock,
  type RingHop,
  type RingPlan,
  type RingSchedule,
  ringFigures,
  ringSchedule,
  type TokenRun,
} from "./blocks/ring-attention/schedule.ts";
export { type StreamingOptions, type StreamingTensors, streamingAttention } from "./blocks/streaming-attention.ts";
export {
  type LinearAttentionOptions,
  type LinearAttentionTensors,
  linearAttention,
} from "./kernels/linear-attention.ts";
