// Encoders and encoder-decoders: `shaderformer/encoders`, a separate entry, so that pages without them do not load the
// code that they share.

export * from "./blocks/encoder-block.ts";
export type { EmbeddedText, Embeddings, EmbedInput, EmbedListOptions, EmbedOptions } from "./encode/embed-texts.ts";
export type { EmbeddingSettings, SparseActivation } from "./encode/embedding.ts";
export type { Encoder, HiddenOptions, HiddenStates } from "./encode/encoder.ts";
export type { Answer, AnswerOptions } from "./encode/heads/answer.ts";
export type { Classification, ClassifyOptions, LabelledToken } from "./encode/heads/classify.ts";
export type { FilledMasks, FillMaskOptions, MaskToken } from "./encode/heads/fill-mask.ts";
export type { NextSentence, NextSentenceOptions } from "./encode/heads/next-sentence.ts";
export type { ScoreOptions, TextPair, TextScores } from "./encode/heads/score-texts.ts";
export type { LabelScore } from "./encode/heads/scores.ts";
export type { SparseOptions, SparseVector, SparseVectors } from "./encode/heads/sparse.ts";
export { loadEncoder } from "./encode/load-encoder.ts";
export { planEncoder } from "./encode/plan-encoder.ts";
export type { PlanEncoderOptions } from "./encode/plan-options.ts";
export type { PoolingMode } from "./encode/pooling.ts";
export type { EncoderOptions } from "./encode/read-encoder.ts";
export { encodersForEngines } from "./engine/encoders/entry.ts";
export type { EncoderConfig, EncoderPositions } from "./models/encoders/config.ts";
export type { HeadKind } from "./models/encoders/heads/head.ts";
export type {
  EncoderDecoderConfig,
  SinusoidSpelling,
  StackConfig,
  StackPositions,
} from "./models/seq2seq/config.ts";
export type { SequenceDefaults } from "./seq2seq/defaults.ts";
export type { EncoderDecoder, SequenceInput } from "./seq2seq/encoder-decoder.ts";
export { loadEncoderDecoder } from "./seq2seq/load-encoder-decoder.ts";
export type { SequenceOptions, SequencePiece } from "./seq2seq/options.ts";
export { planEncoderDecoder } from "./seq2seq/plan-encoder-decoder.ts";
export type { EncoderDecoderOptions } from "./seq2seq/read-encoder-decoder.ts";
export type {
  CrossAttention,
  CrossAttentionOptions,
  CrossChoice,
  SequenceAttention,
  SequenceHiddenOptions,
  SequenceResult,
  SequenceResults,
  SequenceStates,
} from "./seq2seq/results.ts";
