import type { Gpu } from "../../gpu/gpu.ts";
import type { ShaderModule } from "../../gpu/shader/shader-module.ts";
import type { WeightPart, WideReading } from "../../tensor/formats/format.ts";
import type { DType } from "../../tensor/formats/formats.ts";

/** The inputs of the choice between a format's parts. */
export type Reader = Pick<Gpu, "features" | "adapter" | "limits">;

/** A part that reads keys and values (slot `attention/cache`). */
export interface CacheReading {
  readonly part: (gpu: Reader) => ShaderModule;
  /** Bytes that `load_k4` or `load_v4` requests, scales included. */
  readonly four: number;
}

/** The shaders' side of a storage format: the parts that read it, and the cost of a load. */
export interface FormatParts {
  readonly name: DType;
  /** For weights. */
  readonly weight?: (gpu: Reader) => WeightPart;
  /** For weights, many elements at a time, with this many rows of x, each of which takes as many registers. */
  readonly wide?: (rows: number) => WideReading;
  /** For keys and values. */
  readonly cache?: CacheReading;
  /** The part that packs new keys and values into words (slot `kv-cache/word`); integers have a kernel for that. */
  readonly word?: ShaderModule;
}
