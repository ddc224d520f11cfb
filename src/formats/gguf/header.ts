import { FormatError, shortened } from "../format-error.ts";
import { missingFile } from "../read-text.ts";
import { type FileSource, ggufHeadBytes, readHead } from "../source.ts";
import { openCursor } from "./cursor.ts";
import { readTensorInfos, type TensorInfo } from "./tensor-infos.ts";
import { defaultAlignment, type ScalarType, scalarBytes, type ValueType, valueTypes } from "./types.ts";
import { type ValueReader, valueReader } from "./value-reader.ts";

/** A number, a flag or a text of the metadata; integers beyond 2^53 are bigints. */
export type GgufScalar = number | bigint | boolean | string;

/** A value of the metadata. */
export interface GgufValue {
  readonly type: ValueType;
  /** Of an array: the type of its entries. */
  readonly of?: ValueType;
  readonly value: GgufScalar | readonly GgufScalar[];
}

/** What a GGUF file says before its tensors' bytes. */
export interface GgufHeader {
  readonly file: string;
  readonly metadata: ReadonlyMap<string, GgufValue>;
  /** In the order of their bytes. */
  readonly tensors: readonly TensorInfo[];
}

const magic = 0x46554747; // "GGUF", little-endian
const [longestKey, mostEntries] = [65_535, 2 ** 30];
/** A key with its value takes at least this: a length, a type and a byte. */
const leastPair = 8 + 4 + 1;

const narrowed = (value: bigint): number | bigint =>
  value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;

const readers: Readonly<Record<ScalarType, (view: DataView, at: number) => number | bigint | boolean>> = {
  u8: (view, at) => view.getUint8(at),
  i8: (view, at) => view.getInt8(at),
  u16: (view, at) => view.getUint16(at, true),
  i16: (view, at) => view.getInt16(at, true),
  u32: (view, at) => view.getUint32(at, true),
  i32: (view, at) => view.getInt32(at, true),
  f32: (view, at) => view.getFloat32(at, true),
  bool: (view, at) => view.getUint8(at) !== 0,
  u64: (view, at) => narrowed(view.getBigUint64(at, true)),
  i64: (view, at) => narrowed(view.getBigInt64(at, true)),
  f64: (view, at) => view.getFloat64(at, true),
};

async function typeOf(reader: ValueReader, field: string): Promise<ValueType> {
  const id = await reader.u32(`${field}: type`);
  return valueTypes[id] ?? reader.fail(field, `has the unknown type ${id}`);
}

/** Entries of an array that are read at a time. */
const entriesAtOnce = 1 << 16;

async function readArray(reader: ValueReader, field: string): Promise<GgufValue> {
  const of = await typeOf(reader, `${field}: entries`);
  if (of === "array") return reader.fail(field, "is an array of arrays, which is not supported");
  const value: GgufScalar[] = [];
  if (of === "string") {
    const count = await reader.count(`${field}: count`, mostEntries, 8);
    for (let i = 0; i < count; i++) value.push(await reader.string(`${field}[${i}]`));
    return { type: "array", of, value };
  }
  const width = scalarBytes[of];
  const count = await reader.count(`${field}: count`, mostEntries, width);
  for (let from = 0; from < count; from += entriesAtOnce) {
    const some = Math.min(entriesAtOnce, count - from);
    const view = await reader.cursor.take(some * width, field);
    for (let i = 0; i < some; i++) value.push(readers[of](view, i * width));
  }
  return { type: "array", of, value };
}

async function readValue(reader: ValueReader, field: string): Promise<GgufValue> {
  const type = await typeOf(reader, field);
  if (type === "array") return readArray(reader, field);
  if (type === "string") return { type, value: await reader.string(field) };
  return { type, value: readers[type](await reader.cursor.take(scalarBytes[type], field), 0) };
}

function checkVersion(file: string, version: number): void {
  if (version === 2 || version === 3) return;
  const field = "version";
  if ((version & 0xffff) === 0 && version !== 0) {
    throw new FormatError(file, "is written in big-endian order, which is not supported", { field });
  }
  throw new FormatError(file, `is ${version}, expected 2 or 3`, { field });
}

/** The alignment of tensors that a file states. */
function alignmentOf(file: string, metadata: ReadonlyMap<string, GgufValue>): number {
  const field = "general.alignment";
  const given = metadata.get(field);
  if (!given) return defaultAlignment;
  const { type, value } = given;
  const fits = type === "u32" && typeof value === "number" && value >= 8 && 2 ** Math.round(Math.log2(value)) === value;
  if (fits) return value;
  throw new FormatError(file, `is ${shortened(String(value), 40)} (${type}), expected a power of two from 8 on (u32)`, {
    field,
  });
}

/**
 * Reads and checks the header of a GGUF file: its metadata, and the names, types, shapes and places of its tensors,
 * without their bytes (ggml, docs/gguf.md). Nothing is allocated for a length or a count that the file is too short for.
 *
 * @throws FormatError naming the file and the key or tensor that breaks the format.
 */
export async function readGgufHeader(source: FileSource, file: string): Promise<GgufHeader> {
  const head = await readHead(source, file, ggufHeadBytes);
  if (!head) throw await missingFile(source, file);
  const size = head.size ?? (await source.size(file));
  const cursor = openCursor(source, file, head, size);
  const reader = valueReader(file, cursor);
  if ((await reader.u32("magic")) !== magic) {
    (await import("../lfs-pointer.ts")).assertNoPointer(file, head.bytes);
    throw new FormatError(file, 'does not begin with "GGUF"');
  }
  checkVersion(file, await reader.u32("version"));
  // Counts are followed by what they count, so that both have to fit into the rest of the file.
  const tensorCount = await reader.count("tensor_count", mostEntries, 1);
  const pairs = await reader.count("metadata_kv_count", mostEntries, leastPair);
  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < pairs; i++) {
    const key = await reader.string(`key ${i}`, longestKey);
    if (key === "") reader.fail(`key ${i}`, "is empty");
    if (metadata.has(key)) reader.fail(key, "is there twice");
    metadata.set(key, await readValue(reader, key));
  }
  const alignment = alignmentOf(file, metadata);
  return { file, metadata, tensors: await readTensorInfos(reader, tensorCount, alignment, size) };
}
