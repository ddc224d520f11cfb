// The table of the shaders' side of storage formats, by their names in `tensor/formats`.
import type { ShaderModule } from "../gpu/shader-module.ts";
import { packedFormats } from "../tensor/formats/packed.ts";
import { type DType, dtypes, isPlain } from "../tensor/formats.ts";
import type { CacheReading, FormatParts, Reader, WeightPart, WideReading } from "./formats/format-parts.ts";
import { packedParts } from "./formats/packed.ts";
import { bf16, f16, f32, int4, int8 } from "./formats/plain.ts";

/** The parts of formats that kernels read: adding one is a record here, or among the packed. */
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
const isLoadedLater = (dtype: DType) => packedNames.some((name) => name === dtype);
const partsOf = (dtype: DType): FormatParts | undefined => (isLoadedLater(dtype) ? packedParts(dtype) : parts[dtype]);

/** Names of the formats that weights may be stored in, in the order of `dtypes`. */
export const weightTypes: readonly WeightType[] = dtypes.filter((name): name is WeightType =>
  Boolean(isLoadedLater(name) || parts[name]?.weight),
);
/** Those of them that have blocks. */
export const packedTypes: readonly WeightType[] = weightTypes.filter((name) => !isPlain(name));
/** Names of the formats that keys and values may be stored in. */
export const cacheFormats: readonly CacheFormat[] = having("cache");
/** Names of those of one plane, whose words hold elements alone. */
export const wordTypes: readonly WordType[] = having("word");

/** The part that reads weights of this type on this device, with its cost; default f32. */
export const weightPart = (dtype: DType = "f32", gpu: Reader): WeightPart =>
  partsOf(dtype)?.weight?.(gpu) ?? table.f32.weight();

/** The part that reads many weights of this type at a time, for so many rows of x; undefined for types that have none. */
export const widePart = (dtype: DType = "f32", rows: number): WideReading | undefined => partsOf(dtype)?.wide?.(rows);

/** The part that reads keys and values of this format. */
export const cacheReading = (format: CacheFormat): CacheReading => table[format].cache;

/** The part that packs new keys and values into words, for formats that have one. */
export const wordPart = (dtype: DType = "f32"): ShaderModule => parts[dtype]?.word ?? table.f32.word;
