import { assertFinite, assertFiniteBlocks } from "../formats/finite.ts";
import { FormatError } from "../formats/format-error.ts";
import { dtypeOf, type StoredTensor } from "../formats/safetensors.ts";
import type { Weights } from "../formats/weights.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { stagingBytes, Uploader } from "../gpu/upload.ts";
import type { WeightType } from "../kernels/formats.ts";
import { bytesPerElement, type DType, type Elements, elementsOf, type FloatType } from "../tensor/dtype.ts";
import type { Planes } from "../tensor/formats/format.ts";
import { decodePlanes, encodePlanes, formats, isPlain, planeRowBytes } from "../tensor/formats.ts";
import { allocateRows, type Segment } from "../tensor/segments.ts";
import { sizeOf } from "../tensor/shape.ts";
import { Tensor, upload, uploadPlanes } from "../tensor/tensor.ts";
import { reshape } from "../tensor/views.ts";
import type { PackedBlocks, StackedSource, WeightSource } from "./family.ts";
import { segmentWriter } from "./segment-writer.ts";

/** Options for loading weights. */
export interface LoadOptions {
  /** Element type of matrices on the GPU; unset: as stored. Vectors are always f32. */
  readonly dtype?: WeightType | undefined;
  readonly onProgress?: ((doneBytes: number, totalBytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Elements read, converted and assembled at a time: a staging buffer of f32. */
const pieceElements = stagingBytes / 4;

/** Segments of stacks begin at multiples of this many rows. */
const expertRows = 4;

/** Rows of a stored tensor, with how to read them. */
interface StoredRows {
  readonly rows: number;
  readonly columns: number;
  readonly dtype: DType;
  /** Elements that must be read together: a transposed matrix, or a packed block. */
  readonly unit: number;
  /** Elements `[begin, end)` of the rows in whole units, checked to be finite. */
  readonly read: (begin: number, end: number) => Promise<Planes>;
}

/**
 * The tensor that a source names. Throws `FormatError` where it is missing or its shape or type differs from the
 * source's.
 */
export function storedTensor(weights: Weights, { name, shape, packed }: WeightSource): StoredTensor {
  if (!packed) return weights.get(name, shape);
  for (const plane of Object.values(packed.planes)) bytesOf(weights, plane, shape.slice(0, -1));
  return bytesOf(weights, name, shape);
}

/** A tensor of bytes, such as packed weights. */
function bytesOf(weights: Weights, name: string, shape: readonly number[]): StoredTensor {
  const tensor = weights.tensors.get(name) ?? weights.get(name, shape);
  const what = `${tensor.dtype} [${tensor.shape.join(", ")}]`;
  if (what !== `U8 [${shape.join(", ")}]`) {
    throw new FormatError(tensor.file, `is ${what}, expected U8 [${shape.join(", ")}]`, { field: name });
  }
  return tensor;
}

/** Uploads tensors of a checkpoint to the GPU, and owns them until it is disposed. */
export class Loader {
  /** Bytes of the tensors. */
  bytes = 0;
  readonly #gpu: Gpu;
  readonly #weights: Weights;
  readonly #options: LoadOptions;
  readonly #uploader: Uploader;
  readonly #tensors: Tensor[] = [];
  #done = 0;

  constructor(gpu: Gpu, weights: Weights, options: LoadOptions) {
    this.#gpu = gpu;
    this.#weights = weights;
    this.#options = options;
    this.#uploader = new Uploader(gpu);
  }

  /**
   * A matrix `[out, in]` in the requested or stored type (f32 where its tensors' types differ), streamed unless it has
   * to be transposed. Alternating rows stay in one segment.
   */
  async matrix(source: WeightSource | StackedSource, dtype = this.#options.dtype): Promise<Tensor> {
    // Kernels of stacks compute four results at a time; alternating rows belong together anyway.
    if ("parts" in source) return this.#stack(source, expertRows, dtype);
    if (!source.transposed) return this.#stack({ label: source.name, parts: [[source]] }, 1, dtype);
    const from = dtypeOf(this.#weights.get(source.name, source.shape));
    return this.#small(source, from, dtype ?? from);
  }

  /** A tensor of zeroed words. */
  flags(count: number): Tensor {
    return this.#own(upload(this.#gpu, [count], "u32", new Uint32Array(count), "flags"));
  }

  /** A vector, always as f32; several axes are flattened. */
  async vector(source: WeightSource): Promise<Tensor> {
    const stored = this.#weights.get(source.name, source.shape);
    const tensor = await this.#small(source, dtypeOf(stored), "f32");
    return reshape(tensor, [tensor.size]);
  }

  async #stack({ label, parts }: StackedSource, together: number, dtype: LoadOptions["dtype"]): Promise<Tensor> {
    const stored = parts.map((part) => part.map((source) => this.#rows(source)));
    const all = stored.flat();
    const columns = all[0]?.columns ?? 0;
    const uneven = stored.some((part) => part.some(({ rows }) => rows !== part[0]?.rows));
    if (uneven || all.some((rows) => rows.columns !== columns)) {
      throw new TypeError(`${label}: rows of different widths cannot be stacked`);
    }
    const [only, ...others] = new Set(all.map(({ dtype }) => dtype));
    const to = dtype ?? (only && others.length === 0 ? only : "f32");
    const shape = [all.reduce((sum, { rows }) => sum + rows, 0), columns];
    const segments: Segment[] = [];
    const tensor = this.#own(new Tensor(this.#gpu, shape, to, segments));
    for (const segment of allocateRows(this.#gpu, shape, to, label, together)) segments.push(segment);
    const writers = Object.entries(planeRowBytes(to, columns)).map(([plane, rowBytes]) => {
      const own = segments.map(({ storage, planes, begin, end }) => ({
        storage: planes?.[plane] ?? storage,
        begin,
        end,
      }));
      return [plane, segmentWriter(this.#uploader, own, rowBytes)] as const;
    });
    for (const part of stored) {
      for await (const planes of this.#pieces(part, to)) {
        for (const [plane, write] of writers) await write(bytesIn(planes, plane));
      }
    }
    return tensor;
  }

  /** The rows that a source takes from its tensor. */
  #rows(source: WeightSource): StoredRows {
    const { name, shape, rows: taken, packed } = source;
    const tensor = storedTensor(this.#weights, source);
    if (packed) return this.#blocks(tensor, packed);
    const dtype = dtypeOf(tensor);
    const matrix = source.transposed ? shape.slice(-2) : undefined;
    const columns = (matrix ?? shape.slice(-1))[0] ?? 1;
    const unit = matrix ? sizeOf(matrix) : 1;
    const [begin, end] = taken ?? [0, sizeOf(shape) / columns];
    const first = begin * columns;
    if (first % unit !== 0 || (end * columns) % unit !== 0) {
      throw new TypeError(`${name}: rows ${begin} to ${end}, expected whole matrices, since they are transposed`);
    }
    const read = async (from: number, to: number) => {
      const elements = await this.#read(tensor, first + from, first + to);
      return { data: matrix ? transposed(elements, matrix) : elements };
    };
    return { rows: end - begin, columns, dtype, unit, read };
  }

  /** The rows of a tensor whose last two axes are the blocks of a row and the bytes of a block. */
  #blocks(tensor: StoredTensor, { format, planes }: PackedBlocks): StoredRows {
    const elements = Number(formats[format].planes.data.elements);
    const columns = (tensor.shape.at(-2) ?? 0) * elements;
    const bytes = tensor.shape.at(-1) ?? 0;
    const others = Object.entries(planes).map(
      ([plane, name]) => [plane, bytesOf(this.#weights, name, tensor.shape.slice(0, -1))] as const,
    );
    const read = async (from: number, to: number) => {
      this.#options.signal?.throwIfAborted();
      const [first, end] = [from / elements, to / elements];
      const out: Record<string, Uint8Array> & { data: Uint8Array } = {
        data: await this.#weights.read(tensor, first * bytes, end * bytes),
      };
      for (const [plane, stored] of others) out[plane] = await this.#weights.read(stored, first, end);
      assertFiniteBlocks(tensor.name, tensor.file, format, out, from);
      this.#progress((end - first) * (bytes + others.length));
      return out;
    };
    return { rows: sizeOf(tensor.shape.slice(0, -2)), columns, dtype: format, unit: elements, read };
  }

  /** The elements of a part of a stack in order: those of one tensor, or alternating rows of several. */
  async *#pieces(part: readonly StoredRows[], to: DType): AsyncGenerator<Planes> {
    const [{ rows = 0, columns = 0, dtype: from = to } = {}] = part;
    const whole = part.length > 1 || !isPlain(from) || !isPlain(to); // rows are not cut
    const unit = Math.max(...part.map((member) => member.unit), whole ? columns : 1);
    const step = unit * Math.max(1, Math.floor(pieceElements / (part.length * unit)));
    for (let at = 0; at < rows * columns; at += step) {
      const end = Math.min(at + step, rows * columns);
      const members: Planes[] = [];
      for (const { dtype, read } of part) members.push(convert(dtype, to, await read(at, end), columns));
      yield interleaved(to, members, columns);
    }
  }

  /** Elements `[begin, end)` of a tensor, checked to be finite. */
  async #read(tensor: StoredTensor, begin: number, end: number): Promise<Elements> {
    const from = dtypeOf(tensor);
    const width = bytesPerElement[from];
    const bytes = await this.#weights.read(tensor, begin * width, end * width);
    this.#check(tensor, from, bytes, begin);
    this.#progress(bytes.byteLength);
    return elementsOf(from, bytes.buffer, bytes.byteOffset, end - begin);
  }

  /** A whole tensor through the CPU: one that is transposed, or converted as a vector. */
  async #small(source: WeightSource, from: FloatType, to: DType): Promise<Tensor> {
    const stored = this.#weights.get(source.name, source.shape);
    const all = new Uint8Array(new ArrayBuffer(stored.end - stored.begin));
    for await (const { begin, bytes } of this.#weights.stream(stored, stagingBytes)) {
      this.#check(stored, from, bytes, begin / bytesPerElement[from]);
      all.set(bytes, begin);
    }
    let elements = elementsOf(from, all.buffer);
    let shape = source.shape;
    if (source.transposed) {
      elements = transposed(elements, shape);
      shape = shape.toReversed();
    }
    if (source.rows) {
      const [begin, end] = source.rows;
      const row = sizeOf(shape.slice(1));
      elements = elements.slice(begin * row, end * row);
      shape = [end - begin, ...shape.slice(1)];
    }
    this.#progress((elements.byteLength / all.byteLength) * (stored.end - stored.begin));
    return this.#own(
      uploadPlanes(this.#gpu, shape, to, convert(from, to, { data: elements }, shape.at(-1) ?? 1), source.name),
    );
  }

  #check({ name, file }: StoredTensor, dtype: FloatType, bytes: Uint8Array, element: number): void {
    this.#options.signal?.throwIfAborted();
    assertFinite(name, file, dtype, bytes, element);
  }

  #own(tensor: Tensor): Tensor {
    this.#tensors.push(tensor);
    this.bytes += tensor.bytes;
    return tensor;
  }

  #progress(bytes: number): void {
    this.#done += bytes;
    this.#options.onProgress?.(this.#done, this.#weights.bytes);
  }

  async finish(): Promise<void> {
    await this.#uploader.finish();
    await this.#gpu.settle();
  }

  dispose(): void {
    this.#uploader.dispose();
    for (const tensor of this.#tensors) tensor.dispose();
    this.#tensors.length = 0;
  }
}

/** Rows of one format in another; those of plain types need not be whole. */
function convert(from: DType, to: DType, planes: Planes, columns: number): Planes {
  if (from === to) return planes;
  return encodePlanes(to, [1, columns], decodePlanes(from, [1, columns], planes));
}

/** The bytes of a plane. */
function bytesIn(planes: Planes, plane: string): Uint8Array {
  const { buffer, byteOffset, byteLength } = planes[plane] ?? new Uint8Array();
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Transposes consecutive matrices `[in, out]`, each to `[out, in]`. */
function transposed(elements: Elements, [rows = 0, columns = 0]: readonly number[]): Elements {
  const out = elements.slice();
  for (let at = 0; at < elements.length; at += rows * columns) {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        out[at + column * rows + row] = elements[at + row * columns + column] ?? 0;
      }
    }
  }
  return out;
}

/** Row 0 of each of `members`, row 1 of each, and so on. */
function interleaved(dtype: DType, members: readonly Planes[], columns: number): Planes {
  const [first] = members;
  if (first && members.length === 1) return first;
  const planes = Object.entries(planeRowBytes(dtype, columns)).map(([plane, row]) => {
    const given = members.map((member) => bytesIn(member, plane));
    const out = new Uint8Array(given.reduce((sum, { length }) => sum + length, 0));
    given.forEach((rows, member) => {
      for (let at = 0; at * row < rows.length; at++) {
        out.set(rows.subarray(at * row, (at + 1) * row), (at * members.length + member) * row);
      }
    });
    return [plane, out] as const;
  });
  return Object.fromEntries(planes) as unknown as Planes;
}
