import { FormatError, shortened } from "../format-error.ts";
import { decodeUtf8, missingFile } from "../read-text.ts";
import { type FileSource, ggufHeadBytes, readHead } from "../source.ts";
import { type Cursor, openCursor } from "./cursor.ts";
import {
  defaultAlignment,
  padded,
  type ScalarType,
  scalarBytes,
  type TensorType,
  tensorTypes,
  type ValueType,
  valueTypes,
} from "./types.ts";

/** Reads values, each checked against the rest of the file. */
interface ValueReader {
  readonly file: string;
  readonly cursor: Cursor;
  count(field: string, most: number, least: number): Promise<number>;
  u32(field: string): Promise<number>;
  string(field: string, most?: number): Promise<string>;
  fail(field: string, problem: string): never;
}

const longestString = 2 ** 30;

/** A reader of values of a file. */
function valueReader(file: string, cursor: Cursor): ValueReader {
  const fail = (field: string, problem: string): never => {
    throw new FormatError(file, problem, { field });
  };

  /** A count of items of at least `least` bytes each that fit into the rest of the file. */
  async function count(field: string, most: number, least: number): Promise<number> {
    const found = (await cursor.take(8, field)).getBigUint64(0, true);
    if (found > most) return fail(field, `is ${found}, expected at most ${most}`);
    const bytes = Number(found) * least;
    if (bytes > cursor.left) fail(field, `is ${found}, which takes ${bytes} bytes, but ${cursor.left} are left`);
    return Number(found);
  }

  async function string(field: string, most = longestString): Promise<string> {
    const length = await count(`${field}: length`, most, 1);
    const { buffer, byteOffset } = await cursor.take(length, field);
    return decodeUtf8(file, new Uint8Array(buffer, byteOffset, length), true, field);
  }

  const u32 = async (field: string) => (await cursor.take(4, field)).getUint32(0, true);
  return { file, cursor, fail, count, string, u32 };
}

/** A number, flag or string in the metadata; integers beyond 2^53 are bigints. */
export type GgufScalar = number | bigint | boolean | string;

/** A value of the metadata. */
export interface GgufValue {
  readonly type: ValueType;
  /** For an array: the type of its entries. */
  readonly of?: ValueType;
  readonly value: GgufScalar | readonly GgufScalar[];
}

/** The part of a GGUF file before its tensors' bytes. */
export interface GgufHeader {
  readonly file: string;
  readonly metadata: ReadonlyMap<string, GgufValue>;
  /** In the order of their bytes. */
  readonly tensors: readonly TensorInfo[];
}

const magic = 0x46554747; // "GGUF", little-endian
const [longestKey, maxEntries] = [65_535, 2 ** 30];
/** A key with its value takes at least this: a length, a type and a byte. */
const minPair = 8 + 4 + 1;

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

/** Array entries read at a time. */
const entriesAtOnce = 1 << 16;

async function readArray(reader: ValueReader, field: string): Promise<GgufValue> {
  const of = await typeOf(reader, `${field}: entries`);
  if (of === "array") return reader.fail(field, "is an array of arrays, which is not supported");
  const value: GgufScalar[] = [];
  if (of === "string") {
    const count = await reader.count(`${field}: count`, maxEntries, 8);
    for (let i = 0; i < count; i++) value.push(await reader.string(`${field}[${i}]`));
    return { type: "array", of, value };
  }
  const width = scalarBytes[of];
  const count = await reader.count(`${field}: count`, maxEntries, width);
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
 * Reads and checks the header of a GGUF file: its metadata, and the names, types, shapes and offsets of its tensors,
 * without their bytes (ggml, docs/gguf.md). Nothing is allocated for a length or a count that exceeds the file.
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
  // Counts are followed by the items they count, so both must fit into the rest of the file.
  const tensorCount = await reader.count("tensor_count", maxEntries, 1);
  const pairs = await reader.count("metadata_kv_count", maxEntries, minPair);
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

/** A tensor as a GGUF file lists it. */
interface TensorInfo {
  readonly name: string;
  readonly type: TensorType;
  /** Outermost axis first; GGUF itself has the reverse order. */
  readonly shape: readonly number[];
  /** Offsets of its bytes from the start of the file. */
  readonly begin: number;
  readonly end: number;
}

/** Maximum bytes of a name, including ggml's terminating zero, and maximum number of axes. */
const [longestName, maxAxes] = [63, 4];
/** Minimum size of a tensor's entry: the length of its name, the number of its axes, its type and offset. */
const minInfo = 8 + 4 + 4 + 8;

async function readShape(reader: ValueReader, name: string): Promise<number[]> {
  const field = `${name}: dimensions`;
  const axes = await reader.u32(field);
  if (axes > maxAxes) reader.fail(field, `are ${axes}, expected at most ${maxAxes}`);
  const view = await reader.cursor.take(8 * axes, field);
  let elements = 1n;
  const shape: number[] = [];
  for (let axis = 0; axis < axes; axis++) {
    const extent = view.getBigUint64(8 * axis, true);
    elements *= extent;
    if (extent > Number.MAX_SAFE_INTEGER || elements > Number.MAX_SAFE_INTEGER) {
      reader.fail(field, `make ${elements} elements, expected fewer than 2^53`);
    }
    shape.unshift(Number(extent));
  }
  return shape;
}

async function readType(reader: ValueReader, name: string): Promise<TensorType> {
  const id = await reader.u32(`${name}: type`);
  return tensorTypes.get(id) ?? reader.fail(`${name}: type`, `is ${id}, which is unknown`);
}

/** Bytes of a tensor. */
function bytesOf(reader: ValueReader, name: string, type: TensorType, shape: readonly number[]): number {
  const columns = shape.at(-1) ?? 1;
  if (columns % type.elements !== 0) {
    reader.fail(name, `has rows of ${columns} elements, expected a multiple of ${type.elements} as ${type.name}`);
  }
  const bytes = BigInt(shape.reduce((product, extent) => product * extent, 1) / type.elements) * BigInt(type.bytes);
  if (bytes > Number.MAX_SAFE_INTEGER) reader.fail(name, `has ${bytes} bytes, expected fewer than 2^53`);
  return Number(bytes);
}

/**
 * The tensors that a header lists, whose bytes begin after it at the next multiple of `alignment`. Each begins where
 * the previous one ends, up to alignment, and all end within the `size` bytes of the file.
 */
async function readTensorInfos(
  reader: ValueReader,
  count: number,
  alignment: number,
  size: number,
): Promise<TensorInfo[]> {
  const { cursor } = reader;
  if (count * minInfo > cursor.left) {
    reader.fail("tensor_count", `is ${count}, which takes ${count * minInfo} bytes, but ${cursor.left} are left`);
  }
  const listed: Omit<TensorInfo, "end">[] = [];
  const lengths: number[] = [];
  const names = new Set<string>();
  let expected = 0;
  for (let i = 0; i < count; i++) {
    const name = await reader.string(`tensor ${i}: name`, longestName);
    if (names.has(name)) reader.fail(name || `tensor ${i}: name`, "is there twice");
    names.add(name);
    const shape = await readShape(reader, name);
    const type = await readType(reader, name);
    const bytes = bytesOf(reader, name, type, shape);
    const offset = (await cursor.take(8, `${name}: offset`)).getBigUint64(0, true);
    if (offset !== BigInt(expected)) {
      reader.fail(`${name}: offset`, `is ${offset}, expected ${expected}, where the tensors before it end`);
    }
    listed.push({ name, type, shape, begin: expected });
    lengths.push(bytes);
    expected += padded(bytes, alignment);
    if (!Number.isSafeInteger(expected)) reader.fail(name, "ends beyond 2^53 bytes");
  }
  const dataBegin = padded(cursor.at, alignment);
  return listed.map((info, i) => {
    const begin = dataBegin + info.begin;
    const end = begin + (lengths[i] ?? 0);
    if (end > size) {
      const missing = end - size;
      reader.fail(info.name, `ends at byte ${end}, but the file has ${size}: ${missing} are missing, it is truncated`);
    }
    return { ...info, begin, end };
  });
}
