import type { Gpu } from "../../gpu/gpu.ts";
import type { ShaderModule } from "../../gpu/shader-module.ts";
import type { DType } from "../../tensor/formats.ts";

/** What the choice between a format's parts depends on. */
export type Reader = Pick<Gpu, "features" | "adapter">;

/** A part that reads weights (slot `lib/weight`), and the bytes that its functions request, those of scales included. */
export interface WeightPart {
  readonly part: ShaderModule;
  /** Of `load_weight`. */
  readonly one: number;
  /** Of `load_weight4`. */
  readonly four: number;
}

/** What reads keys and values (slot `attention/cache`). */
export interface CacheReading {
  readonly part: (gpu: Reader) => ShaderModule;
  /** Bytes that `load_k4` or `load_v4` requests, those of a scale included. */
  readonly four: number;
}

/** The shaders' side of a storage format: what reads it where, and what a load costs. */
export interface FormatParts {
  readonly name: DType;
  /** For weights. */
  readonly weight?: (gpu: Reader) => WeightPart;
  /** For keys and values. */
  readonly cache?: CacheReading;
  /** The part that makes words of new keys and values (slot `kv-cache/word`); integers have a kernel for that. */
  readonly word?: ShaderModule;
}
