import { padded, type TensorType, tensorTypes } from "./types.ts";
import type { ValueReader } from "./value-reader.ts";

/** A tensor as a GGUF file lists it. */
export interface TensorInfo {
  readonly name: string;
  readonly type: TensorType;
  /** Outermost axis first, as everywhere but in GGUF, which has them the other way round. */
  readonly shape: readonly number[];
  /** Offsets of its bytes from the start of the file. */
  readonly begin: number;
  readonly end: number;
}

/** Most bytes of a name, with the zero that follows it in ggml, and most axes. */
const [longestName, mostAxes] = [63, 4];
/** A tensor is listed in at least this: the length of its name, the number of its axes, its type and offset. */
const leastInfo = 8 + 4 + 4 + 8;

async function readShape(reader: ValueReader, name: string): Promise<number[]> {
  const field = `${name}: dimensions`;
  const axes = await reader.u32(field);
  if (axes > mostAxes) reader.fail(field, `are ${axes}, expected at most ${mostAxes}`);
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
 * The tensors that a header lists, whose bytes begin after it at the next multiple of `alignment`. Each begins where the
 * one before it ends, up to the alignment, and all end within the `size` bytes of the file.
 */
export async function readTensorInfos(
  reader: ValueReader,
  count: number,
  alignment: number,
  size: number,
): Promise<TensorInfo[]> {
  const { cursor } = reader;
  if (count * leastInfo > cursor.left) {
    reader.fail("tensor_count", `is ${count}, which takes ${count * leastInfo} bytes, but ${cursor.left} are left`);
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
