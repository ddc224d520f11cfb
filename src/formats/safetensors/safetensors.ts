import { type FloatType, floatTypes } from "../../tensor/dtype.ts";
import { type DType, dtypes, formats } from "../../tensor/formats/formats.ts";
import { FormatError, shortened } from "../format-error.ts";
import { kindOf, parseStrictJson, type StrictJson } from "../json/strict-json.ts";
import { decodeUtf8, missingFile } from "../read-text.ts";
import { type FileHead, type FileSource, headBytes, readHead } from "../source.ts";

/** A tensor as a file stores it: row-major, little-endian elements in the bytes `[begin, end)` of `file`. */
export interface StoredTensor {
  readonly name: string;
  readonly file: string;
  /** The format's own name of the element type, e.g. `F16`, `BF16`, `F8_E4M3`. */
  readonly dtype: string;
  /** Outermost axis first; `[]` is one element. */
  readonly shape: readonly number[];
  /** Offset of the first byte from the start of the file; not necessarily aligned. */
  readonly begin: number;
  /** Offset after the last byte. */
  readonly end: number;
  /** The bytes are those of the transposed matrix, as in GGUF files for some. */
  readonly transposed?: boolean;
  /** What the file added to each element, to be subtracted: GGUF files add 1 to weights of norms. */
  readonly added?: number;
  /** Each element is −exp of that of a checkpoint, as in GGUF files for the decay of a state. */
  readonly negExp?: boolean;
  /** Elements that are read together: a read of some reads all. Unset: each can be read alone. */
  readonly together?: number;
  /** The other planes of the storage format `dtype`, if the bytes are those of the plane `data`. */
  readonly planes?: Readonly<Record<string, StoredTensor>>;
}

/** Bits of one element of every type that safetensors 0.7 knows. */
const BITS: ReadonlyMap<string, number> = new Map([
  ["F4", 4],
  ["F6_E2M3", 6],
  ["F6_E3M2", 6],
  ...["BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"].map((t) => [t, 8] as const),
  ...["I16", "U16", "F16", "BF16"].map((t) => [t, 16] as const),
  ...["I32", "U32", "F32"].map((t) => [t, 32] as const),
  ...["I64", "U64", "F64", "C64"].map((t) => [t, 64] as const),
]);

/** The longest header accepted, in bytes, as in the reference reader. */
const LONGEST_HEADER = 100_000_000;
const LENGTH_BYTES = 8;
const HEADER = "header";

/** Bits of one element of a safetensors type, or undefined for a type that does not exist. */
export function bitsOf(dtype: string): number | undefined {
  return BITS.get(dtype);
}

/**
 * The engine's element type for a stored floating-point tensor.
 *
 * @throws FormatError for any type other than F32, F16 and BF16.
 */
export function dtypeOf(tensor: StoredTensor): FloatType {
  const dtype = floatTypes.find((name) => name.toUpperCase() === tensor.dtype);
  if (dtype) return dtype;
  throw new FormatError(tensor.file, `is ${tensor.dtype}, expected F32, F16 or BF16`, { field: tensor.name });
}

/**
 * The storage format of a tensor: floats, blocks of GGUF files, or planes.
 *
 * @throws FormatError for any other type.
 */
export function storageOf(tensor: StoredTensor): DType {
  const dtype = dtypes.find((name) => name.toUpperCase() === tensor.dtype && (formats[name].ggml || tensor.planes));
  return dtype ?? dtypeOf(tensor);
}

interface HeaderText {
  readonly text: string;
  /** Offset of the tensors' bytes. */
  readonly dataBegin: number;
}

/** The header's text, after the checks of its length, its encoding and its first byte. */
export async function readHeaderText(
  source: FileSource,
  file: string,
  { bytes: head, size }: FileHead,
): Promise<HeaderText> {
  if (head.length < LENGTH_BYTES) {
    throw new FormatError(file, `has ${head.length} bytes, shorter than the ${LENGTH_BYTES} of a header length`);
  }
  const length = new DataView(head.buffer, head.byteOffset).getBigUint64(0, true);
  const field = "header length";
  if (length > LONGEST_HEADER) {
    (await import("../lfs-pointer.ts")).assertNoPointer(file, head);
    throw new FormatError(file, `is ${length} bytes, more than the ${LONGEST_HEADER} that the format allows`, {
      field,
    });
  }
  const dataBegin = LENGTH_BYTES + Number(length);
  if (dataBegin > (size ?? dataBegin)) {
    throw new FormatError(file, `is ${length} bytes, but the file has ${size} with the length included`, { field });
  }
  const bytes = new Uint8Array(dataBegin - LENGTH_BYTES);
  bytes.set(head.subarray(LENGTH_BYTES, dataBegin));
  if (dataBegin > head.length) {
    bytes.set(await source.read(file, head.length, dataBegin, { once: true }), head.length - LENGTH_BYTES);
  }
  if (bytes[0] !== 0x7b) {
    const found = bytes[0] === undefined ? "is empty" : `begins with the byte 0x${bytes[0].toString(16)}`;
    throw new FormatError(file, `${found}, expected a JSON object`, { field: HEADER });
  }
  return { text: decodeUtf8(file, bytes, true, HEADER), dataBegin };
}

/** A shape entry or an offset: an integer from 0 to 2^53 − 1, written without fraction or exponent. */
function countOf(file: string, field: string, value: StrictJson | undefined): number {
  if (typeof value === "bigint" && value >= 0n && value <= Number.MAX_SAFE_INTEGER) return Number(value);
  throw new FormatError(file, `is ${kindOf(value)}, expected an integer from 0 to 2^53 - 1`, { field });
}

function countsOf(file: string, field: string, value: StrictJson | undefined): number[] {
  if (!Array.isArray(value)) {
    throw new FormatError(file, `is ${kindOf(value)}, expected an array of integers`, { field });
  }
  return value.map((entry, index) => countOf(file, `${field}[${index}]`, entry));
}

/** Bytes of a tensor, with every product checked before it can round. */
function bytesOf(file: string, name: string, dtype: string, shape: readonly number[]): number {
  const bits = bitsOf(dtype);
  if (bits === undefined) {
    const known = [...BITS.keys()].join(", ");
    throw new FormatError(file, `has the unknown dtype ${shortened(dtype, 40)}, expected one of ${known}`, {
      field: name,
    });
  }
  let total = bits;
  for (const extent of shape) {
    total *= extent;
    if (!Number.isSafeInteger(total)) {
      const text = shortened(`[${shape.join(", ")}]`);
      throw new FormatError(file, `${text} of ${dtype} has more than 2^53 bits`, { field: `${name}.shape` });
    }
  }
  if (total % 8 !== 0) {
    throw new FormatError(file, `has ${total} bits, expected a whole number of bytes`, { field: name });
  }
  return total / 8;
}

/** One header entry, checked by itself; `begin` and `end` are offsets in the file. */
function tensorOf(file: string, name: string, entry: StrictJson, dataBegin: number): StoredTensor {
  if (!(entry instanceof Map)) {
    throw new FormatError(file, `is ${kindOf(entry)}, expected an object`, { field: name });
  }
  const dtype = entry.get("dtype");
  if (typeof dtype !== "string") {
    throw new FormatError(file, `is ${kindOf(dtype)}, expected a string`, { field: `${name}.dtype` });
  }
  const shape = countsOf(file, `${name}.shape`, entry.get("shape"));
  const field = `${name}.data_offsets`;
  const offsets = countsOf(file, field, entry.get("data_offsets"));
  const [begin, end] = offsets;
  if (begin === undefined || end === undefined || offsets.length !== 2 || begin > end) {
    throw new FormatError(file, `is [${shortened(offsets.join(", "))}], expected [begin, end]`, { field });
  }
  const bytes = bytesOf(file, name, dtype, shape);
  if (end - begin !== bytes) {
    const what = `${dtype} [${shortened(shape.join(", "))}]`;
    throw new FormatError(file, `spans ${end - begin} bytes, but ${what} takes ${bytes}`, { field });
  }
  return { name, file, dtype, shape, begin: dataBegin + begin, end: dataBegin + end };
}

/** Rejects gaps, overlaps, bytes after the last tensor and a file that ends before it; `tensors` are sorted. */
function checkContiguous(file: string, tensors: readonly StoredTensor[], dataBegin: number, size: number): void {
  let reached = dataBegin;
  let previous = "the header";
  for (const { name, begin, end } of tensors) {
    if (begin !== reached) {
      const how = begin < reached ? "overlaps" : "leaves a hole after";
      const where = `begins at byte ${begin} of the file and ${how} ${previous}, which ends at byte ${reached}`;
      throw new FormatError(file, where, { field: `${name}.data_offsets` });
    }
    reached = end;
    previous = shortened(name);
  }
  if (reached > size) {
    const missing = reached - size;
    throw new FormatError(file, `ends at byte ${reached}, but the file has ${size} bytes: ${missing} are missing`, {
      field: previous,
    });
  }
  if (reached < size) {
    throw new FormatError(file, `has ${size - reached} bytes after ${previous}, which ends at byte ${reached}`);
  }
}

/**
 * Reads and checks the header of a safetensors file, without reading any tensor (format: safetensors, "Format").
 *
 * Names are unique, shapes match their extents, and the extents cover the data exactly: no gap, no overlap, nothing
 * after the last. The map is in data order.
 *
 * @throws FormatError naming the file and the tensor or field that breaks the format.
 */
export async function readSafetensorsHeader(source: FileSource, file: string): Promise<Map<string, StoredTensor>> {
  const head = await readHead(source, file, headBytes);
  if (!head) throw await missingFile(source, file);
  return readHeader(source, file, head);
}

/** As `readSafetensorsHeader`, for a file whose first bytes are already read. */
export async function readHeader(source: FileSource, file: string, head: FileHead): Promise<Map<string, StoredTensor>> {
  const { text, dataBegin } = await readHeaderText(source, file, head);
  const header = parseStrictJson(file, text, HEADER);
  if (!(header instanceof Map)) {
    throw new FormatError(file, `is ${kindOf(header)}, expected an object`, { field: HEADER });
  }
  const tensors: StoredTensor[] = [];
  for (const [name, entry] of header) {
    if (name !== "__metadata__") {
      tensors.push(tensorOf(file, name, entry, dataBegin));
    } else if (!(entry instanceof Map && [...entry.values()].every((value) => typeof value === "string"))) {
      throw new FormatError(file, "is not an object of strings", { field: name });
    }
  }
  tensors.sort((a, b) => a.begin - b.begin || a.end - b.end);
  // An unknown size is measured by reading on, no further than the tensors' end.
  const size = head.size ?? (await source.size(file, { limit: tensors.at(-1)?.end ?? dataBegin }));
  checkContiguous(file, tensors, dataBegin, size);
  return new Map(tensors.map((tensor) => [tensor.name, tensor]));
}
