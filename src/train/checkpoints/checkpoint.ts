import { FormatError, listed } from "../../formats/format-error.ts";
import { sha256Of } from "../../formats/hub/sha256.ts";
import { parseJson } from "../../formats/json/strict-json.ts";
import { readSafetensorsHeader, type StoredTensor } from "../../formats/safetensors/safetensors.ts";
import { readSafetensorsMetadata, safetensorsHeader } from "../../formats/safetensors/safetensors-header.ts";
import type { FileSource } from "../../formats/source.ts";
import { bytesPerElement } from "../../tensor/dtype.ts";
import { formatShape, type Shape, sizeOf } from "../../tensor/shape.ts";

/** The numbers of a tensor of a checkpoint. */
export type CheckpointNumbers = Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

/** A tensor of a checkpoint. */
export interface CheckpointTensor {
  readonly name: string;
  readonly shape: Shape;
  readonly dtype: "f32" | "u32";
  /** Its numbers, called when they are written. */
  read(): Promise<CheckpointNumbers> | CheckpointNumbers;
}

/** The name in `__metadata__` of a checkpoint's record. */
const recordName = "shaderformer.training";
/** The last tensor, with the digests of all others: a row of 8 words each, those of the record's fields first. */
const digestsName = "digests";
const digestWords = 8;

/** A record of everything other than tensors: JSON by field name. */
type CheckpointFields = Readonly<Record<string, unknown>>;

/** The SHA-256 of a name and its bytes, as words: the name detects swapped tensors too. */
async function digestOf(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<Uint32Array<ArrayBuffer>> {
  const named = new TextEncoder().encode(`${name} ${await sha256Of(bytes)}`);
  const digits = await sha256Of(named);
  return Uint32Array.from({ length: digestWords }, (_, i) => Number.parseInt(digits.slice(8 * i, 8 * i + 8), 16));
}

/** The digest of a field of the record. */
const digestOfField = (field: string, value: unknown) =>
  digestOf(`record.${field}`, new TextEncoder().encode(JSON.stringify(value)));

/** The bytes of numbers. */
const bytesOf = ({ buffer, byteOffset, byteLength }: CheckpointNumbers) =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** A record as it will be read again: without values that JSON lacks. */
const plainRecord = (record: object) => JSON.parse(JSON.stringify(record)) as CheckpointFields;

/** The bytes of a checkpoint, a tensor at a time. */
export interface CheckpointWriting {
  readonly bytes: number;
  readonly pieces: () => AsyncGenerator<Uint8Array<ArrayBuffer>>;
}

/**
 * Plans a checkpoint: a safetensors file of tensors, with a record of everything else needed to resume training, and
 * digests of each of its fields and each tensor. It uses no file system: the caller writes the pieces anywhere.
 */
export function checkpointWriting(tensors: readonly CheckpointTensor[], record: object): CheckpointWriting {
  const fields = Object.entries(plainRecord(record));
  const shape = [fields.length + tensors.length, digestWords];
  const all = [...tensors, { name: digestsName, shape, dtype: "u32" } as const];
  const header = safetensorsHeader(all, "f32", { format: "pt", [recordName]: JSON.stringify(record) });
  async function* pieces(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    yield header;
    const digests = await Promise.all(fields.map(([field, value]) => digestOfField(field, value)));
    for (const tensor of tensors) {
      const bytes = bytesOf(await tensor.read());
      digests.push(await digestOf(tensor.name, bytes));
      yield bytes;
    }
    for (const words of digests) yield bytesOf(words);
  }
  const bytes = all.reduce((sum, { shape, dtype }) => sum + bytesPerElement[dtype] * sizeOf(shape), header.length);
  return { bytes, pieces };
}

/** A checkpoint whose header and record are read and checked; its tensors are read on demand. */
export interface ReadCheckpoint {
  /** Its record, as given. */
  readonly record: CheckpointFields;
  /** Without the tensor of digests. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /**
   * The numbers of a tensor.
   *
   * @throws FormatError if it is missing, or has another shape, type or digest.
   */
  read(expected: Pick<CheckpointTensor, "name" | "shape" | "dtype">): Promise<CheckpointNumbers>;
  /** Throws `FormatError` unless the checkpoint has exactly these tensors, before any is read. */
  check(expected: readonly Pick<CheckpointTensor, "name" | "shape" | "dtype">[]): void;
}

/** The error for changed bytes. */
const damaged = (file: string, field: string) =>
  new FormatError(file, `is not what was written, by the SHA-256 in ${digestsName}: the checkpoint is damaged`, {
    field,
  });

/**
 * The record of a checkpoint and its digests, one per field and then one per tensor. Throws as `readCheckpoint` does.
 */
async function readRecord(source: FileSource, file: string, all: ReadonlyMap<string, StoredTensor>) {
  const text = (await readSafetensorsMetadata(source, file)).get(recordName);
  if (text === undefined) {
    throw new FormatError(file, "is missing: the file is no checkpoint of a training", { field: recordName });
  }
  const stored = all.get(digestsName);
  if (!stored) {
    const problem = "is missing: the checkpoint is of an earlier version of Shaderformer, which kept no digests";
    throw new FormatError(file, `${problem}; train on from the model that was written`, { field: digestsName });
  }
  const record = parseJson(`${file}: ${recordName}`, text);
  if (typeof record !== "object" || record === null || Array.isArray(record)) {
    throw new FormatError(file, "is no object: the checkpoint is damaged", { field: recordName });
  }
  const fields = Object.entries(record);
  const expected = [fields.length + all.size - 1, digestWords];
  if (stored.dtype !== "U32" || formatShape(stored.shape) !== formatShape(expected)) {
    const is = `is ${stored.dtype} ${formatShape(stored.shape)}, expected U32 ${formatShape(expected)}`;
    const one = "a row for each field of the record and each tensor";
    throw new FormatError(file, `${is}, ${one}: the checkpoint is damaged`, { field: digestsName });
  }
  const words = new Uint32Array((await source.read(file, stored.begin, stored.end)).slice().buffer);
  const digestAt = (i: number) => words.subarray(digestWords * i, digestWords * (i + 1));
  for (const [i, [field, value]] of fields.entries()) {
    if (!sameWords(await digestOfField(field, value), digestAt(i))) throw damaged(file, `record.${field}`);
  }
  const tensors = new Map([...all].filter(([name]) => name !== digestsName));
  const digests = new Map([...tensors.keys()].map((name, i) => [name, digestAt(fields.length + i)]));
  return { record: record as CheckpointFields, tensors, digests };
}

const sameWords = (a: Uint32Array, b: Uint32Array | undefined) => a.every((word, i) => word === b?.[i]);

/**
 * Reads the header and the record of a checkpoint from `checkpointWriting`, and compares each field of the record with
 * its digest.
 *
 * @throws FormatError for a file that is missing, truncated, damaged, without digests, or not a training checkpoint.
 */
export async function readCheckpoint(source: FileSource, file: string): Promise<ReadCheckpoint> {
  const { record, tensors, digests } = await readRecord(source, file, await readSafetensorsHeader(source, file));
  const find = ({ name, shape, dtype }: Pick<CheckpointTensor, "name" | "shape" | "dtype">): StoredTensor => {
    const found = tensors.get(name);
    if (!found)
      throw new FormatError(file, "is missing: the checkpoint is of another model or optimizer", { field: name });
    if (formatShape(found.shape) !== formatShape(shape) || found.dtype !== dtype.toUpperCase()) {
      const is = `is ${found.dtype} ${formatShape(found.shape)}, expected ${dtype.toUpperCase()} ${formatShape(shape)}`;
      throw new FormatError(file, `${is}: the checkpoint is of another model`, { field: name });
    }
    return found;
  };
  return {
    record,
    tensors,
    async read(expected) {
      const { begin, end } = find(expected);
      const bytes = await source.read(file, begin, end);
      const { buffer } = bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
      const digest = await digestOf(expected.name, new Uint8Array(buffer));
      if (!sameWords(digest, digests.get(expected.name))) throw damaged(file, expected.name);
      return expected.dtype === "f32" ? new Float32Array(buffer) : new Uint32Array(buffer);
    },
    check(expected) {
      for (const tensor of expected) find(tensor);
      const names = new Set(expected.map(({ name }) => name));
      const more = [...tensors.keys()].filter((name) => !names.has(name));
      if (more.length > 0) {
        throw new FormatError(file, `has ${listed(more)}, which this model and optimizer have not`);
      }
    },
  };
}
