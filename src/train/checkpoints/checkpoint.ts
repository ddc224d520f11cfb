import { FormatError, listed } from "../../formats/format-error.ts";
import { readSafetensorsHeader, type StoredTensor } from "../../formats/safetensors.ts";
import { safetensorsHeader } from "../../formats/safetensors-header.ts";
import { readSafetensorsMetadata } from "../../formats/safetensors-metadata.ts";
import type { FileSource } from "../../formats/source.ts";
import { parseJson } from "../../formats/strict-json.ts";
import { bytesPerElement } from "../../tensor/dtype.ts";
import { formatShape, type Shape, sizeOf } from "../../tensor/shape.ts";

/** The numbers of a tensor of a checkpoint. */
export type CheckpointNumbers = Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

/** A tensor that a checkpoint keeps. */
export interface CheckpointTensor {
  readonly name: string;
  readonly shape: Shape;
  readonly dtype: "f32" | "u32";
  /** Its numbers, when they are to be written. */
  read(): Promise<CheckpointNumbers> | CheckpointNumbers;
}

/** The name in `__metadata__` of a checkpoint's record. */
const recordName = "shaderformer.training";

/** The bytes of a checkpoint, a tensor at a time. */
export interface CheckpointWriting {
  readonly bytes: number;
  readonly pieces: () => AsyncGenerator<Uint8Array<ArrayBuffer>>;
}

/**
 * Plans a checkpoint: a safetensors file of tensors, with a record of everything else that training goes on with, any JSON
 * value. It knows no file system: a page writes the pieces where it likes.
 */
export function checkpointWriting(tensors: readonly CheckpointTensor[], record: unknown): CheckpointWriting {
  const header = safetensorsHeader(tensors, "f32", { format: "pt", [recordName]: JSON.stringify(record) });
  async function* pieces(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    yield header;
    for (const tensor of tensors) {
      const { buffer, byteOffset, byteLength } = await tensor.read();
      yield new Uint8Array(buffer, byteOffset, byteLength);
    }
  }
  const bytes = tensors.reduce((sum, { shape, dtype }) => sum + bytesPerElement[dtype] * sizeOf(shape), header.length);
  return { bytes, pieces };
}

/** A checkpoint whose header was read and checked; its tensors are read when asked for. */
export interface ReadCheckpoint {
  /** What was given as its record. */
  readonly record: unknown;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /**
   * The numbers of a tensor.
   *
   * @throws FormatError where there is none of that name, or of another shape or type.
   */
  read(expected: Pick<CheckpointTensor, "name" | "shape" | "dtype">): Promise<CheckpointNumbers>;
  /** Throws `FormatError` unless the checkpoint has exactly these tensors, before any is read. */
  check(expected: readonly Pick<CheckpointTensor, "name" | "shape" | "dtype">[]): void;
}

/**
 * Reads the header of a checkpoint that `checkpointWriting` made.
 *
 * @throws FormatError for a file that is missing, cut short, or no checkpoint of a training.
 */
export async function readCheckpoint(source: FileSource, file: string): Promise<ReadCheckpoint> {
  const tensors = await readSafetensorsHeader(source, file);
  const text = (await readSafetensorsMetadata(source, file)).get(recordName);
  if (text === undefined) {
    throw new FormatError(file, "is missing: the file is no checkpoint of a training", { field: recordName });
  }
  const find = ({ name, shape, dtype }: Pick<CheckpointTensor, "name" | "shape" | "dtype">): StoredTensor => {
    const found = tensors.get(name);
    if (!found)
      throw new FormatError(file, "is missing: the checkpoint is of another model or optimiser", { field: name });
    if (formatShape(found.shape) !== formatShape(shape) || found.dtype !== dtype.toUpperCase()) {
      const is = `is ${found.dtype} ${formatShape(found.shape)}, expected ${dtype.toUpperCase()} ${formatShape(shape)}`;
      throw new FormatError(file, `${is}: the checkpoint is of another model`, { field: name });
    }
    return found;
  };
  return {
    record: parseJson(`${file}: ${recordName}`, text),
    tensors,
    async read(expected) {
      const { begin, end } = find(expected);
      const bytes = await source.read(file, begin, end);
      const { buffer } = bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
      return expected.dtype === "f32" ? new Float32Array(buffer) : new Uint32Array(buffer);
    },
    check(expected) {
      for (const tensor of expected) find(tensor);
      const names = new Set(expected.map(({ name }) => name));
      const more = [...tensors.keys()].filter((name) => !names.has(name));
      if (more.length > 0) {
        throw new FormatError(file, `has ${listed(more)}, which this model and optimiser have not`);
      }
    },
  };
}
