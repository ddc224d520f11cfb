import type { Gpu, Instance } from "../gpu/gpu.ts";
import type { Replacement } from "../gpu/program/program.ts";
import type { Holder } from "../gpu/program/recording.ts";
import { createStorage, type Storage } from "../gpu/storage.ts";
import { between, boolean, type Check, checkOptions, checkValue, fieldsOf, integer, oneOf } from "../options/checks.ts";
import { numbers } from "../options/lists.ts";
import { arrayOf, bytesPerElement, type DType, decode, type Elements, elementsOf } from "./dtype.ts";
import type { FloatElement, IntegerElement, Planes } from "./formats/format.ts";
import {
  bytesOf,
  columnsOf,
  decodePlanes,
  dtypes,
  encodePlanes,
  formats,
  isPlain,
  type PlainType,
  plainElement,
  plainType,
  planeRowBytes,
} from "./formats/formats.ts";
import { loadPackedFormats } from "./formats/packed.ts";
import { allocateRows, bytesInOneBinding, type Segment } from "./segments.ts";
import { assertShape, contiguousStrides, formatShape, isContiguous, type Shape, ShapeError, sizeOf } from "./shape.ts";

type Either = Pick<FloatElement | IntegerElement, "kind"> &
  Partial<Omit<FloatElement, "kind"> & Omit<IntegerElement, "kind">>;

/**
 * The values of a tensor, checked: numbers of a list must lie in the type's range once they are rounded; float types
 * also have NaN and infinities. Throws `OptionError` for a number out of range; with `saturate` it becomes the nearer
 * end of the range. Typed arrays are returned unchecked, unless with `saturate`.
 */
function inRange(values: ArrayLike<number>, dtype: PlainType, saturate = false): ArrayLike<number> {
  if (!saturate && ArrayBuffer.isView(values)) return values;
  const { kind, signed, bias = signed ? 30 : 31, fraction = bias }: Either = plainElement(dtype);
  const isInteger = kind === "integer";
  const half = 2 ** (bias - fraction - 1); // of the last bit of the greatest number
  const most = 2 ** (bias + 1) - 2 * half;
  const least = isInteger ? (signed ? ~most : 0) : -most;
  const inside = (isInteger ? integer : between)(least, most);
  const check: Check = (value) => {
    const expected = inside(value);
    return expected && `${expected} (${dtype}); { saturate: true } saturates`;
  };
  const near = (value: number) =>
    isInteger || Number.isFinite(value) ? Math.min(most, Math.max(least, value)) : value;
  if (saturate) return Float64Array.from(values, near);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? Number.NaN;
    const isOutside = isInteger ? inside(value) !== undefined : Math.abs(value - near(value)) >= half;
    if (isOutside) checkValue("tensor", `element ${i}`, check, value);
  }
  return values;
}

/**
 * Numbers on the GPU: shape, strides, element type and memory. Views (`transpose`, `slice`, `reshape`) share memory;
 * disposing any of them disposes the memory.
 */
export class Tensor implements Holder {
  readonly gpu: Gpu;
  readonly shape: Shape;
  /** Strides in elements, by axis. */
  readonly strides: readonly number[];
  /** Index of the first element within the storage. */
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
    return this.segments.flatMap(({ storage, planes = {} }) => [storage, ...Object.values(planes)]);
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

  /** Bytes of its elements, in all planes. */
  get bytes(): number {
    return bytesOf(this.dtype, this.shape);
  }

  get contiguous(): boolean {
    return isContiguous(this.shape, this.strides);
  }

  /**
   * The stored elements, in index order; f16 and bf16 as their 16 bits. Throws `ShapeError` for a format of blocks.
   * Submits recorded work.
   */
  async readStored(): Promise<Elements> {
    const out = elementsOf(plainType(this.dtype, "readStored"), new ArrayBuffer(this.bytes));
    if (this.size === 0) return out;
    if (!this.contiguous) {
      const reach = 1 + this.shape.reduce((sum, size, axis) => sum + (size - 1) * (this.strides[axis] ?? 0), 0);
      const memory = await this.#readRange(this.storage, this.offset, reach);
      for (let i = 0; i < out.length; i++) out[i] = memory[this.#place(i)] ?? 0;
      return out;
    }
    const row = sizeOf(this.shape.slice(1));
    // All copies are recorded before the first is awaited, so that later work changes none of them.
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
    const dtype = plainType(this.dtype, "readStored");
    const width = bytesPerElement[dtype];
    return elementsOf(dtype, await this.#readBytes(storage, first * width, count * width), 0, count);
  }

  async #readBytes(storage: Storage, first: number, count: number): Promise<ArrayBuffer> {
    const lead = first % 4; // copies begin at multiples of 4 bytes
    const bytes = await this.gpu.read(storage, first - lead, lead + count);
    return bytes.slice(lead, lead + count);
  }

  /** The contents of all planes, of whole rows. */
  async #readPlanes(): Promise<Planes> {
    const columns = columnsOf(this.shape);
    const firstRow = this.offset / columns;
    const planes = Object.entries(planeRowBytes(this.dtype, columns)).map(async ([name, row]) => {
      const pieces = this.segments.map(({ storage, planes, begin, end }) =>
        this.#readBytes(
          planes?.[name] ?? storage,
          firstRow * row,
          this.segments.length === 1 ? (this.size / columns) * row : (end - begin) * row,
        ),
      );
      const bytes = await new Blob(await Promise.all(pieces)).arrayBuffer();
      return [name, new (formats[this.dtype].planes[name]?.array ?? Uint8Array)(bytes)] as const;
    });
    return Object.fromEntries(await Promise.all(planes)) as unknown as Planes;
  }

  /** Offset from the tensor's first element to the one with index `i` in row-major order. */
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
    if (isPlain(this.dtype)) return decode(this.dtype, await this.readStored());
    if (this.size === 0) return new Float64Array();
    const [planes] = await Promise.all([this.#readPlanes(), loadPackedFormats()]);
    return decodePlanes(this.dtype, this.shape, planes);
  }

  dispose(): void {
    for (const storage of this.storages) this.gpu.release(storage);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

const dtypeCheck = oneOf(...dtypes);

function checkTensor(what: string, shape: Shape, dtype: DType): void {
  assertShape(shape, what);
  checkValue(what, "dtype", dtypeCheck, dtype);
}

const tensorFields = fieldsOf({ saturate: boolean });

/**
 * A tensor of `shape` with these values, rounded to the nearest that its format has, ties to even. Formats of blocks
 * need `loadPackedFormats`. Throws `OptionError` for a number of a list that an integer type does not have, and for a
 * finite one that would be infinite; typed arrays are converted as JavaScript does. With `saturate`, in both a number
 * out of range becomes the nearer end of the range, and for integer types fractions are cut off and NaN becomes 0.
 */
export function tensor(
  gpu: Gpu,
  shape: Shape,
  values: ArrayLike<number>,
  dtype: DType = "f32",
  options: { readonly saturate?: boolean } = {},
): Tensor {
  checkTensor("tensor", shape, dtype);
  checkValue("tensor", "values", numbers, values);
  checkOptions("tensor", tensorFields, options);
  if (!isPlain(dtype)) return uploadPlanes(gpu, shape, dtype, encodePlanes(dtype, shape, values));
  const { data } = encodePlanes(dtype, shape, inRange(values, dtype, options.saturate));
  return upload(gpu, shape, dtype, data);
}

/** A tensor of `shape` from stored elements; split into segments when one binding cannot hold it. */
export function upload(gpu: Gpu, shape: Shape, dtype: DType, elements: Elements, label = "tensor"): Tensor {
  checkTensor(label, shape, dtype);
  const plain = plainType(dtype, label);
  if (elements.length !== sizeOf(shape)) {
    throw new ShapeError(`${label}: ${elements.length} elements for shape ${formatShape(shape)}`);
  }
  if (!(elements instanceof arrayOf[plain])) {
    throw new ShapeError(`${label}: ${elements.constructor.name} for ${dtype}, expected ${arrayOf[plain].name}`);
  }
  return uploadPlanes(gpu, shape, dtype, { data: elements }, label);
}

/** A tensor of `shape` from the contents of its planes, as its format's `encode` returns them. */
export function uploadPlanes(gpu: Gpu, shape: Shape, dtype: DType, planes: Planes, label = "tensor"): Tensor {
  checkTensor(label, shape, dtype);
  const segments = allocateRows(gpu, shape, dtype, label, 1, (name, begin, end, memory) => {
    const plane = planes[name];
    if (!plane) throw new ShapeError(`${label}: ${name} is missing, expected the planes of ${dtype}`);
    const row = memory.byteLength / (end - begin);
    memory.set(new Uint8Array(plane.buffer, plane.byteOffset + begin * row, memory.byteLength));
  });
  return new Tensor(gpu, shape, dtype, [...segments]);
}

/** A tensor whose elements are not written yet, for a result. Logical while recording. One segment. */
export function empty(gpu: Gpu, shape: Shape, dtype: DType = "f32", label = "tensor"): Tensor {
  checkTensor(label, shape, dtype);
  const bytes = bytesInOneBinding(gpu, shape, dtype, label);
  const storage = gpu.allocate(label, bytes);
  return new Tensor(gpu, shape, dtype, [{ storage, begin: 0, end: shape[0] ?? 1 }]);
}

/** Zeros in separate memory, even while recording: for caches, counters, the step. */
export function zeros(gpu: Gpu, shape: Shape, dtype: DType = "f32", label = "tensor"): Tensor {
  checkTensor(label, shape, dtype);
  const bytes = bytesInOneBinding(gpu, shape, dtype, label);
  const storage = gpu.upload(label, bytes, () => {}); // mapped memory starts as zeros
  return new Tensor(gpu, shape, dtype, [{ storage, begin: 0, end: shape[0] ?? 1 }]);
}

/**
 * Zeros in buffers of exactly their size, which are freed when they are disposed: for memory that grows and shrinks.
 */
export function unpooledZeros(gpu: Gpu, shape: Shape, dtype: DType, label: string): Tensor {
  checkTensor(label, shape, dtype);
  const storage = gpu.allocateUnpooled(label, bytesInOneBinding(gpu, shape, dtype, label));
  return new Tensor(gpu, shape, dtype, [{ storage, begin: 0, end: shape[0] ?? 1 }]);
}

/** A placeholder for a tensor given at instantiation. */
export function placeholder(gpu: Gpu, shape: Shape, dtype: DType, label: string): Tensor {
  checkTensor(label, shape, dtype);
  const storage = createStorage(label, bytesOf(dtype, shape));
  return new Tensor(gpu, shape, dtype, [{ storage, begin: 0, end: shape[0] ?? 1 }]);
}

/**
 * The memory of a recorded program's tensor in one of its instances: a result, a tap or a placeholder. The memory is
 * borrowed: it lives as long as the instance, and disposing the tensor does not free it.
 */
export function placed(instance: Instance<unknown>, logical: Tensor): Tensor {
  const width = bytesPerElement[plainType(logical.dtype, "placed")];
  const segments = logical.segments.map((segment) => ({ ...segment, storage: instance.lend(segment.storage) }));
  const [first] = logical.segments;
  const offset = logical.offset + (first ? instance.place(first.storage).offset / width : 0);
  return new Tensor(instance.gpu, logical.shape, logical.dtype, segments, logical.strides, offset);
}

/**
 * A placeholder and its replacement: of the same shape, or with `"fewer rows"` of at most as many rows along axis 0 as
 * recorded, where the program reads no others.
 */
export type TensorPair = readonly [logical: Tensor, real: Tensor, rows?: "fewer rows"];

/** Replacements for `Program.instantiate`: each placeholder with its replacement. */
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
      const offset = real.offset * bytesPerElement[plainType(real.dtype, logical.storage.label)];
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
