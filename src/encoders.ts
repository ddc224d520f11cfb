// Encoders: `shaderformer/encoders`, apart from the main entry, so that pages without them do not load what they share.

export * from "./blocks/encoder-block.ts";
export type { EmbeddedText, EmbedOptions } from "./encode/embed-texts.ts";
export type { EmbeddingSettings } from "./encode/embedding.ts";
export type { Embeddings, EmbedListOptions, Encoder, HiddenOptions, HiddenStates } from "./encode/encoder.ts";
export { loadEncoder } from "./encode/load-encoder.ts";
export type { PoolingMode } from "./encode/pooling.ts";
export type { EncoderOptions } from "./encode/read-encoder.ts";
export type { EncoderConfig, EncoderPositions } from "./models/encoders/config.ts";
