import bf16Cache from "#shaders/attention/cache/bf16.wgsl";
import f16Cache from "#shaders/attention/cache/f16.wgsl";
import f16CachePacked from "#shaders/attention/cache/f16-packed.wgsl";
import f32Cache from "#shaders/attention/cache/f32.wgsl";
import int4Cache from "#shaders/attention/cache/int4.wgsl";
import int8Cache from "#shaders/attention/cache/int8.wgsl";
import f32Word from "#shaders/kv-cache/word/f32.wgsl";
import halves from "#shaders/kv-cache/word/half.wgsl";
import bf16Weight from "#shaders/lib/weight/bf16.wgsl";
import f16Weight from "#shaders/lib/weight/f16.wgsl";
import f16WeightPacked from "#shaders/lib/weight/f16-packed.wgsl";
import f32Weight from "#shaders/lib/weight/f32.wgsl";
import bf16Wide from "#shaders/lib/wide/bf16.wgsl";
import f16Wide from "#shaders/lib/wide/f16.wgsl";
import f32Wide from "#shaders/lib/wide/f32.wgsl";
import type { ShaderModule } from "../../gpu/shader/shader-module.ts";
import type { WeightPart, WideReading } from "../../tensor/formats/format.ts";
import { type DType, dtypes, isPlain } from "../../tensor/formats/formats.ts";
import { codecOf, packedFormats } from "../../tensor/formats/packed.ts";
import { tuning } from "../tuning.ts";
import type { CacheReading, FormatParts, Reader } from "./format-parts.ts";

const f32 = {
  name: "f32",
  weight: () => ({ part: f32Weight, one: 4, four: 16 }),
  wide: () => ({ part: f32Wide, elements: 4, bytes: 16 }),
  cache: { part: () => f32Cache, four: 16 },
  word: f32Word,
} as const satisfies FormatParts;

/**
 * f16 is read natively where the device has `shader-f16`; elsewhere, and where it is faster, from pairs in a u32, the
 * shortest load without the feature. The values are the same.
 */
const isNative = (gpu: Reader) => gpu.features.has("shader-f16") && tuning(gpu).f16 === "native";

const f16 = {
  name: "f16",
  weight: (gpu: Reader) =>
    isNative(gpu) ? { part: f16Weight, one: 2, four: 8 } : { part: f16WeightPacked, one: 4, four: 8 },
  wide: () => ({ part: f16Wide, elements: 8, bytes: 16 }),
  cache: { part: (gpu: Reader) => (isNative(gpu) ? f16Cache : f16CachePacked), four: 8 },
  word: halves,
} as const satisfies FormatParts;

const bf16 = {
  name: "bf16",
  weight: () => ({ part: bf16Weight, one: 4, four: 8 }),
  wide: () => ({ part: bf16Wide, elements: 8, bytes: 16 }),
  cache: { part: () => bf16Cache, four: 8 },
  word: halves,
} as const satisfies FormatParts;

const int8 = {
  name: "int8",
  cache: { part: () => int8Cache, four: 8 },
} as const satisfies FormatParts;

const int4 = {
  name: "int4",
  cache: { part: () => int4Cache, four: 8 },
} as const satisfies FormatParts;

// The table of the shaders' side of storage formats, by their names in `tensor/formats`.

/** The parts of formats that kernels read: adding one is a record here; a packed one has them in its codec. */
const records = [f32, f16, bf16, int8, int4] as const satisfies readonly FormatParts[];

type Table = { readonly [R in (typeof records)[number] as R["name"]]: R };

const table = Object.fromEntries(records.map((record) => [record.name, record])) as Table;
type Having<Part extends keyof FormatParts> = {
  [K in keyof Table]: Table[K] extends { readonly [P in Part]: object } ? K : never;
}[keyof Table];

type PackedType = (typeof packedFormats)[number]["name"];

/** Formats that weights may be stored in. */
export type WeightType = Having<"weight"> | PackedType;
/** Formats that keys and values may be stored in. Those of several planes are words of u32 with scales. */
export type CacheFormat = Having<"cache">;
/** Those of one plane, whose words hold elements alone. */
export type WordType = Having<"word">;

const parts: Readonly<Record<string, FormatParts>> = table;
const having = <Part extends keyof FormatParts>(part: Part) =>
  Object.keys(table).filter((name) => parts[name]?.[part]) as Having<Part>[];

const packedNames: readonly PackedType[] = packedFormats.map(({ name }) => name);
const isPacked = (dtype: DType) => packedNames.some((name) => name === dtype);

/** Names of the formats that weights may be stored in, in the order of `dtypes`. */
export const weightTypes: readonly WeightType[] = dtypes.filter((name): name is WeightType =>
  Boolean(isPacked(name) || parts[name]?.weight),
);
/** Those of them that have blocks. */
export const packedTypes: readonly WeightType[] = weightTypes.filter((name) => !isPlain(name));
/** Names of the formats that keys and values may be stored in. */
export const cacheFormats: readonly CacheFormat[] = having("cache");
/** Names of those of one plane, whose words hold elements alone. */
export const wordTypes: readonly WordType[] = having("word");

/** The part that reads weights of this type on this device, with its cost; default f32. */
export const weightPart = (dtype: DType = "f32", gpu: Reader): WeightPart =>
  isPacked(dtype) ? codecOf(dtype).weight : (parts[dtype]?.weight?.(gpu) ?? table.f32.weight());

/**
 * The part that reads many weights of this type at a time, for so many rows of x; undefined for types that have none.
 */
export const widePart = (dtype: DType = "f32", rows: number): WideReading | undefined =>
  (isPacked(dtype) ? codecOf(dtype) : parts[dtype])?.wide?.(rows);

/** The part that reads keys and values of this format. */
export const cacheReading = (format: CacheFormat): CacheReading => table[format].cache;

/** The part that packs new keys and values into words, for formats that have one. */
export const wordPart = (dtype: DType = "f32"): ShaderModule => parts[dtype]?.word ?? table.f32.word;

// The shaders' side of formats of elements, and of those that caches have of their own.
