// The checks of the options of functions with tables in docs/library.md, and the types that document these options.

export { engineFields } from "../../src/engine/checks.ts";
export type { EngineOptions } from "../../src/engine/engine.ts";
export { loadModelFields, type ModelOptions } from "../../src/generate/load/load-model.ts";
export { type ChatOptions, chatFields, type GenerationOptions, generateFields } from "../../src/generate/options.ts";
export { attention } from "../../src/kernels/attention/attention.ts";
export { type AttentionOptions, attentionOptions } from "../../src/kernels/attention/options.ts";
export type { VariantChoice } from "../../src/kernels/define/op.ts";
export type { PagedLayout } from "../../src/kernels/kv-cache/layouts/paged.ts";
export type { RaggedLayout } from "../../src/kernels/kv-cache/layouts/ragged.ts";
export type { RingLayout } from "../../src/kernels/kv-cache/layouts/ring.ts";
