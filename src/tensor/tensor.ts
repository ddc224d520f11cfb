import { GpuError } from "../gpu/errors.ts";
import type { Gpu, Instance } from "../gpu/gpu.ts";
import type { Replacement } from "../gpu/program.ts";
import type { Holder } from "../gpu/recording.ts";
import { createStorage, type Storage } from "../gpu/storage.ts";
import { arrayOf, bytesPerElement, type DType, decode, type Elements, elementsOf, encode } from "./dtype.ts";
import { assertShape, contiguousStrides, formatShape, isContiguous, type Shape, ShapeError, sizeOf } from "./shape.ts";

/** Rows `begin` to `end` of axis 0, in storage of their own: a tensor larger than one binding has several. */
export interface Segment {
  readonly storage: Storage;
  readonly begin: number;
  readonly end: number;
}

/**
 * Numbers on the GPU: shape, strides, element type, and the memory they lie in. Views (`transpose`, `slice`,
 * `reshape`) share memory; disposing any of them disposes the memory.
 */
export class Tensor implements Holder {
  readonly gpu: Gpu;
  readonly shape: Shape;
  /** Elements from one index to the next, by axis. */
  readonly strides: readonly number[];
  /** Element of the storage that index 0 is at. */
  readonly offset: number;
  readonly dtype: DType;
  readonly segments: readonly Segment[];

  constructor(
    gpu: Gpu,
    shape: Shape,
    dtype: DType,
    segments: readonly Segment[],
    strides: readonly number[] = contiguousStrides(shape),
    offset = 0,
  ) {
    this.gpu = gpu;
    this.shape = shape;
    this.dtype = dtype;
    this.segments = segments;
    this.strides = strides;
    this.offset = offset;
  }

  get storages(): Storage[] {
    return this.segments.map(({ storage }) => storage);
  }

  /** The storage of a tensor in one piece; throws `ShapeError` for one in several. */
  get storage(): Storage {
    const [only, ...others] = this.segments;
    if (!only || others.length > 0) {
      throw new ShapeError(
        `a tensor ${formatShape(this.shape)} in ${this.segments.length} segments has no one storage`,
      );
    }
    return only.storage;
  }

  get size(): number {
    return sizeOf(this.shape);
  }

  /** Bytes of its elements. */
  get bytes(): number {
    return this.size * bytesPerElement[this.dtype];
  }

  get contiguous(): boolean {
    return isContiguous(this.shape, this.strides);
  }

  /** The elements as they are stored, in index order; f16 and bf16 as their 16 bits. Submits recorded work. */
  async readStored(): Promise<Elements> {
    const out = elementsOf(this.dtype, new ArrayBuffer(this.bytes));
    if (this.size === 0) return out;
    if (!this.contiguous) {
      const reach = 1 + this.shape.reduce((sum, size, axis) => sum + (size - 1) * (this.strides[axis] ?? 0), 0);
      const memory = await this.#readRange(this.storage, this.offset, reach);
      for (let i = 0; i < out.length; i++) out[i] = memory[this.#place(i)] ?? 0;
      return out;
    }
    const row = sizeOf(this.shape.slice(1));
    // All copies are recorded before the first is waited for: what is recorded later changes none of them.
    const pieces = this.segments.map(({ storage, begin, end }) => {
      const count = this.segments.length === 1 ? this.size : (end - begin) * row;
      return this.#readRange(storage, this.offset, count);
    });
    let at = 0;
    for (const piece of await Promise.all(pieces)) {
      out.set(piece, at);
      at += piece.length;
    }
    return out;
  }

  /** `count` elements of storage from element `first`. */
  async #readRange(storage: Storage, first: number, count: number): Promise<Elements> {
    const width = bytesPerElement[this.dtype];
    const lead = (first * width) % 4; // copies begin at multiples of 4 bytes
    const bytes = await this.gpu.read(storage, first * width - lead, lead + count * width);
    return elementsOf(this.dtype, bytes.slice(lead), 0, count);
  }

  /** Elements from the first of the tensor to the one with index `i` when the axes are counted through in order. */
  #place(i: number): number {
    let rest = i;
    let at = 0;
    for (let axis = this.shape.length - 1; axis >= 0; axis--) {
      const length = this.shape[axis] ?? 1;
      at += (rest % length) * (this.strides[axis] ?? 0);
      rest = Math.floor(rest / length);
    }
    return at;
  }

  /** The elements as numbers, in index order. Submits recorded work. */
  async read(): Promise<Float64Array> {
    return decode(this.dtype, await this.readStored());
  }

  dispose(): void {
    for (const { storage } of this.segments) this.gpu.release(storage);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** A tensor of `shape` with these values; numbers are rounded to nearest even for f16 and bf16. */
export function tensor(gpu: Gpu, shape: Shape, values: ArrayLike<number>, dtype: DType = "f32"): Tensor {
  return upload(gpu, shape, dtype, encode(dtype, values));
}

/** A tensor of `shape` from elements as they are stored; split into segments when one binding cannot hold it. */
export function upload(gpu: Gpu, shape: Shape, dtype: DType, elements: Elements, label = "tensor"): Tensor {
  assertShape(shape, label);
  if (elements.length !== sizeOf(shape)) {
    throw new ShapeError(`${label}: ${elements.length} elements for shape ${formatShape(shape)}`);
  }
  if (!(elements instanceof arrayOf[dtype])) {
    throw new ShapeError(`${label}: ${elements.constructor.name} for ${dtype}, expected ${arrayOf[dtype].name}`);
  }
  const width = bytesPerElement[dtype];
  const rowElements = sizeOf(shape.slice(1));
  const segments = segmentRows(gpu, shape, dtype, label).map(({ begin, end }) => {
    const count = shape.length === 0 ? 1 : (end - begin) * rowElements;
    const first = begin * rowElements;
    const storage = gpu.upload(label, count * width, (memory) => {
      elementsOf(dtype, memory, 0, count).set(elements.subarray(first, first + count));
    });
    return { storage, begin, end };
  });
  return new Tensor(gpu, shape, dtype, segments);
}

/** A tensor whose elements nobody has written yet: a result. Logical while recording. One segment. */
export function empty(gpu: Gpu, shape: Shape, dtype: DType = "f32", label = "tensor"): Tensor {
  assertShape(shape, label);
  const bytes = bytesInOneBinding(gpu, shape, dtype, label);
  const storage = gpu.allocate(label, bytes);
  return new Tensor(gpu, shape, dtype, [{ storage, begin: 0, end: shape[0] ?? 1 }]);
}

/** Zeros with memory of their own, also while recording: caches, counters, the step. */
export function zeros(gpu: Gpu, shape: Shape, dtype: DType = "f32", label = "tensor"): Tensor {
  assertShape(shape, label);
  const bytes = bytesInOneBinding(gpu, shape, dtype, label);
  const storage = gpu.upload(label, bytes, () => {}); // mapped memory starts as zeros
  return new Tensor(gpu, shape, dtype, [{ storage, begin: 0, end: shape[0] ?? 1 }]);
}

/** Zeros in buffers of just their size, which are freed when they are disposed: for memory that grows and shrinks. */
export function unpooledZeros(gpu: Gpu, shape: Shape, dtype: DType, label: string): Tensor {
  assertShape(shape, label);
  const storage = gpu.allocateUnpooled(label, bytesInOneBinding(gpu, shape, dtype, label));
  return new Tensor(gpu, shape, dtype, [{ storage, begin: 0, end: shape[0] ?? 1 }]);
}

function bytesInOneBinding(gpu: Gpu, shape: Shape, dtype: DType, label: string): number {
  const bytes = sizeOf(shape) * bytesPerElement[dtype];
  const limit = Math.min(gpu.limits.binding, gpu.limits.buffer);
  if (bytes <= limit) return bytes;
  throw new GpuError(
    `${label}: ${dtype} ${formatShape(shape)} takes ${bytes} bytes, more than the ${limit} of one binding here`,
  );
}

/** A tensor that stands for one given at instantiation. */
export function placeholder(gpu: Gpu, shape: Shape, dtype: DType, label: string): Tensor {
  assertShape(shape, label);
  const storage = createStorage(label, sizeOf(shape) * bytesPerElement[dtype]);
  return new Tensor(gpu, shape, dtype, [{ storage, begin: 0, end: shape[0] ?? 1 }]);
}

/**
 * How the rows of a tensor are cut so that each piece fits one binding and one buffer. Cuts are at multiples of 64 rows
 * where possible, so that a row of f32 results, cut likewise, starts at a multiple of 256 bytes; and always at multiples
 * of `multiple` rows, which belong together. Throws `GpuError` where so many rows do not fit.
 */
export function segmentRows(
  gpu: Gpu,
  shape: Shape,
  dtype: DType,
  label: string,
  multiple = 1,
): { begin: number; end: number }[] {
  const rows = shape[0] ?? 1;
  const rowBytes = sizeOf(shape.slice(1)) * bytesPerElement[dtype];
  const limit = Math.min(gpu.limits.binding, gpu.limits.buffer);
  if (rows * rowBytes <= limit) return [{ begin: 0, end: rows }];
  const fitting = Math.floor(limit / rowBytes);
  const aligned = 64 % multiple === 0 ? 64 : 64 * multiple;
  const step = fitting - (fitting % (fitting >= aligned ? aligned : multiple));
  if (step === 0) {
    const what = multiple === 1 ? "one row" : `${multiple} rows`;
    const take = multiple === 1 ? "takes" : "take";
    throw new GpuError(
      `${label}: ${what} of ${formatShape(shape)} ${take} ${multiple * rowBytes} bytes, more than ${limit} here`,
    );
  }
  const segments: { begin: number; end: number }[] = [];
  for (let begin = 0; begin < rows; begin += step) segments.push({ begin, end: Math.min(rows, begin + step) });
  return segments;
}

/**
 * Where a tensor of a recorded program lies in one of its instances: results, taps, placeholders. The memory is lent:
 * it ends with the instance, and disposing the tensor does not give it back.
 */
export function placed(instance: Instance<unknown>, logical: Tensor): Tensor {
  const width = bytesPerElement[logical.dtype];
  const segments = logical.segments.map((segment) => ({ ...segment, storage: instance.lend(segment.storage) }));
  const [first] = logical.segments;
  const offset = logical.offset + (first ? instance.place(first.storage).offset / width : 0);
  return new Tensor(instance.gpu, logical.shape, logical.dtype, segments, logical.strides, offset);
}

/**
 * A placeholder and the tensor that takes its place: of the same shape, or with `"fewer rows"` of no more rows along axis 0
 * than recorded, where a program is sure to read no others.
 */
export type TensorPair = readonly [logical: Tensor, real: Tensor, rows?: "fewer rows"];

/** Replacements for `Program.instantiate`: each placeholder with the tensor that takes its place. */
export function replacements(pairs: readonly TensorPair[]): Map<Storage, Replacement> {
  return new Map(
    pairs.map(([logical, real, rows]) => {
      const [count = 1, ...row] = real.shape;
      const [most = 1, ...rowRecorded] = logical.shape;
      const fits = (rows ? count <= most : count === most) && formatShape(row) === formatShape(rowRecorded);
      if (logical.dtype !== real.dtype || logical.shape.length !== real.shape.length || !fits) {
        throw new ShapeError(
          `${logical.storage.label}: given ${real.dtype} ${formatShape(real.shape)}, ` +
            `recorded as ${logical.dtype} ${formatShape(logical.shape)}`,
        );
      }
      const offset = real.offset * bytesPerElement[real.dtype];
      if (!real.contiguous || offset % 256 !== 0) {
        throw new ShapeError(
          `${logical.storage.label}: given a view with strides ${formatShape(real.strides)} from element ` +
            `${real.offset}, expected contiguous memory from a multiple of 256 bytes; call contiguous first`,
        );
      }
      const { storage } = real;
      return [logical.storage, rows ? { storage, offset, bytes: real.bytes } : { storage, offset }] as const;
    }),
  );
}
