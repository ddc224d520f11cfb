import type { LoadProgress } from "../../formats/load-progress.ts";
import { dtypeOf, type StoredTensor } from "../../formats/safetensors/safetensors.ts";
import type { TensorBytes, Weights } from "../../formats/weights.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { stagingBytes, Uploader } from "../../gpu/upload.ts";
import type { WeightType } from "../../kernels/formats/formats.ts";
import { unlessAborted } from "../../options/abort.ts";
import type { DType, Elements } from "../../tensor/dtype.ts";
import type { Planes } from "../../tensor/formats/format.ts";
import { isPlain, planeRowBytes } from "../../tensor/formats/formats.ts";
import { loadPackedFormats } from "../../tensor/formats/packed.ts";
import { allocateRows, type Segment } from "../../tensor/segments.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { Tensor, upload, uploadPlanes } from "../../tensor/tensor.ts";
import type { StackedSource, WeightSource } from "../decoders/family.ts";
import type { Recipe } from "../decoders/recipes.ts";
import { convert, countLosses } from "./conversion.ts";
import type { TypeChoice } from "./matrix-types.ts";
import { type Bytes, bytesIn, finiteElements, piecesOf, sourceOf, storedRows, transposed } from "./stored-rows.ts";

/** The target: a plane of a segment. */
type Target = Pick<Segment, "storage" | "begin" | "end">;

/**
 * Fills the segments of a matrix with the bytes of a plane, which arrive in order and in pieces of any size. They are
 * assembled in `memory`, so that uploads begin at whole words wherever tensors and rows end, and fill a staging buffer.
 */
function segmentWriter(
  uploader: Uploader,
  segments: readonly Target[],
  rowBytes: number,
  memory: (bytes: number) => Uint8Array,
) {
  const total = segments.reduce((sum, { begin, end }) => sum + (end - begin) * rowBytes, 0);
  const piece = memory(Math.min(stagingBytes, Math.ceil(total / 4) * 4));
  let filled = 0;
  let index = 0;
  /** Bytes of the segment that are uploaded already. */
  let done = 0;
  return async (bytes: Uint8Array): Promise<void> => {
    for (let at = 0; at < bytes.byteLength; ) {
      const segment = segments[index];
      if (!segment) throw new RangeError(`more than ${total} bytes for ${segments.length} segments`);
      const missing = (segment.end - segment.begin) * rowBytes - done;
      const part = bytes.subarray(at, at + Math.min(missing, piece.byteLength) - filled);
      piece.set(part, filled);
      filled += part.byteLength;
      at += part.byteLength;
      if (filled < missing && filled < piece.byteLength) continue;
      await uploader.write(segment.storage, done, piece.subarray(0, filled));
      done += filled;
      if (filled === missing) {
        index++;
        done = 0;
      }
      filled = 0;
    }
  };
}

/** Options for loading weights. */
export interface LoadOptions {
  /**
   * Element type of matrices on the GPU. Vectors are always f32.
   * @defaultValue as stored
   */
  readonly dtype?: WeightType | undefined;
  /**
   * Quantises matrices while they are read, by llama.cpp's rules of this name; in place of `dtype`. The rules give each
   * matrix of f32, f16 and bf16 its type.
   * @defaultValue none
   */
  readonly weights?: Recipe | undefined;
  /**
   * Called with the phase `upload`: bytes of weights read so far, and in all.
   * @defaultValue none
   */
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined;
  /**
   * Ends the load, which then throws the signal's reason. Requests under way are cancelled, and no other is made.
   * @defaultValue none
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * Whether every weight is checked before it is used. NaN or infinity is then an error that names the first tensor and
   * element.
   * @defaultValue true
   */
  readonly verify?: boolean | undefined;
  /**
   * Called with each thing in the files that has no effect, such as a tensor that nothing reads. Also called for each
   * tensor of which a conversion makes elements 0, with their number.
   * @defaultValue `console.warn`
   */
  readonly onWarning?: ((warning: string) => void) | undefined;
}

/** Segments of stacks begin at multiples of this many rows. */
const expertRows = 4;

/** Elements of a vector. */
function vectorSize({ rows, shape }: WeightSource): number {
  const [begin, end] = rows ?? [0, shape[0] ?? 1];
  return (end - begin) * sizeOf(shape.slice(1));
}

/** Elements of a vector as they are used: see `WeightSource`; the file may have it so already. */
function changed(
  data: Elements,
  { added = 0, negExp = false, factor = 1 }: WeightSource,
  stored: StoredTensor,
): Elements {
  const more = added - (stored.added ?? 0);
  return data.map((value, i) => {
    const used = negExp && !stored.negExp ? -Math.exp(value) : value + more;
    return used * (typeof factor === "number" ? factor : (factor[i] ?? 1));
  });
}

/** Bytes read together, and their use. */
interface Step {
  readonly reads: readonly TensorBytes[];
  readonly run: (bytes: readonly Bytes[]) => Promise<void> | void;
}

/**
 * Uploads tensors of a checkpoint to the GPU, and owns them until it is disposed. `matrix` and `vector` only register
 * requests; `finish` reads them in file order, so that adjacent bytes are read together.
 */
export class Loader {
  /** Bytes of the tensors. */
  bytes = 0;
  readonly #gpu: Gpu;
  readonly #weights: Weights;
  readonly #options: LoadOptions;
  readonly #uploader: Uploader;
  readonly #tensors: Tensor[] = [];
  readonly #jobs: Step[][] = [];
  readonly #gathered = new Map<string, Uint8Array>();
  readonly #losses = countLosses();
  /** True if any stored or resulting type is packed in blocks. */
  #packed = false;
  /** Results of tensors that are read whole, each once. */
  readonly #whole = new Map<StoredTensor, ((elements: Elements) => void)[]>();

  constructor(gpu: Gpu, weights: Weights, options: LoadOptions) {
    this.#gpu = gpu;
    this.#weights = weights;
    this.#options = options;
    this.#uploader = new Uploader(gpu);
  }

  /**
   * A matrix `[out, in]` in the type chosen from the stored one (f32 where its tensors' types differ), streamed unless
   * it must be transposed. Alternating rows stay in one segment. Ready after `finish`.
   */
  matrix(source: WeightSource | StackedSource, choose: TypeChoice = (stored) => this.#options.dtype ?? stored): Tensor {
    // Kernels of stacks compute four results at a time; alternating rows belong together anyway.
    if ("parts" in source) return this.#stack(source, expertRows, choose);
    if (!source.transposed || this.#weights.get(source.name).transposed)
      return this.#stack({ label: source.name, parts: [[source]] }, 1, choose);
    const [rows = 0, columns = 0] = source.shape.toReversed();
    const [begin, end] = source.rows ?? [0, rows];
    return this.#small(source, [end - begin, columns], choose);
  }

  /** A tensor of zeroed words. */
  flags(count: number): Tensor {
    return this.#own(this.#gpu.unscoped(() => upload(this.#gpu, [count], "u32", new Uint32Array(count), "flags")));
  }

  /** A vector, always as f32; several axes are flattened. Ready after `finish`. */
  vector(source: WeightSource): Tensor {
    return this.#small(source, [vectorSize(source)], () => "f32");
  }

  /** Numbers that no file has, as f32. */
  constant(values: readonly number[], label: string): Tensor {
    const elements = Float32Array.from(values);
    return this.#own(this.#gpu.unscoped(() => upload(this.#gpu, [values.length], "f32", elements, label)));
  }

  /** Vectors one after the other, as f32. */
  vectors(sources: readonly WeightSource[]): Tensor {
    const shape = [sources.reduce((sum, source) => sum + vectorSize(source), 0)];
    const segments: Segment[] = [];
    const tensor = this.#own(new Tensor(this.#gpu, shape, "f32", segments));
    const all = new Float32Array(sizeOf(shape));
    let [begin, missing] = [0, sources.length];
    for (const source of sources) {
      const at = begin;
      begin += vectorSize(source);
      this.#read(source, vectorSize(source), "f32", ({ data }) => {
        all.set(data as Float32Array, at);
        missing--;
        if (missing > 0) return;
        const label = sources.map(({ name }) => name).join(", ");
        segments.push(...this.#gpu.unscoped(() => upload(this.#gpu, shape, "f32", all, label)).segments);
      });
    }
    return tensor;
  }

  #stack({ label, parts }: StackedSource, together: number, choose: TypeChoice): Tensor {
    const stored = parts.map((part) => part.map((source) => storedRows(this.#weights, source, this.#options.verify)));
    const all = stored.flat();
    const columns = all[0]?.columns ?? 0;
    const uneven = stored.some((part) => part.some(({ rows }) => rows !== part[0]?.rows));
    if (uneven || all.some((rows) => rows.columns !== columns)) {
      throw new TypeError(`${label}: rows of different widths cannot be stacked`);
    }
    const [only, ...others] = new Set(all.map(({ dtype }) => dtype));
    const to = choose(only && others.length === 0 ? only : "f32", columns);
    const shape = [all.reduce((sum, { rows }) => sum + rows, 0), columns];
    const segments: Segment[] = [];
    const tensor = this.#own(new Tensor(this.#gpu, shape, to, segments));
    const allocate = () => {
      for (const segment of allocateRows(this.#gpu, shape, to, label, together)) segments.push(segment);
      return Object.entries(planeRowBytes(to, columns)).map(([plane, rowBytes]) => {
        const own = segments.map(({ storage, planes, begin, end }) => ({
          storage: planes?.[plane] ?? storage,
          begin,
          end,
        }));
        return [plane, segmentWriter(this.#uploader, own, rowBytes, (bytes) => this.#gather(plane, bytes))] as const;
      });
    };
    let writers: ReturnType<typeof allocate> | undefined;
    const write = async (planes: Planes) => {
      writers ??= this.#gpu.unscoped(allocate);
      for (const [plane, write] of writers) await write(bytesIn(planes, plane));
    };
    this.#packed ||= [to, ...all.map(({ dtype }) => dtype)].some((dtype) => !isPlain(dtype));
    const pieces = stored.flatMap((part) => piecesOf(part, to, this.#losses));
    if (pieces.length === 0) this.#gpu.unscoped(allocate);
    this.#jobs.push(pieces.map(({ reads, decode }) => ({ reads, run: (bytes) => write(decode(bytes)) })));
    return tensor;
  }

  /** A tensor processed whole on the CPU: transposed, or converted as a vector. */
  #small(source: WeightSource, shape: readonly number[], choose: TypeChoice): Tensor {
    const to = choose(dtypeOf(this.#weights.get(source.name, source.shape)), shape.at(-1) ?? 1);
    const segments: Segment[] = [];
    const tensor = this.#own(new Tensor(this.#gpu, shape, to, segments));
    this.#read(source, shape.at(-1) ?? 1, to, (planes) => {
      const made = this.#gpu.unscoped(() => uploadPlanes(this.#gpu, shape, to, planes, source.name));
      segments.push(...made.segments);
    });
    return tensor;
  }

  /** Reads a source whole, transposed if need be, in rows of `columns` elements of a type. */
  #read(source: WeightSource, columns: number, to: DType, then: (planes: Planes) => void): void {
    const stored = this.#weights.get(source.name, source.shape);
    const from = dtypeOf(stored);
    const use = (elements: Elements) => {
      const all = source.transposed ? transposed(elements, source.shape) : elements;
      const row = sizeOf((source.transposed ? source.shape.toReversed() : source.shape).slice(1));
      const [begin, end] = source.rows ?? [0, all.length / row];
      const taken = source.rows ? all.slice(begin * row, end * row) : all;
      const elementOf = (i: number) => {
        const index = begin * row + i;
        return source.transposed ? sourceOf(index, source.shape) : index;
      };
      const origin = { tensor: stored, elementOf };
      const planes = convert(from, to, { data: taken }, columns, origin, this.#losses);
      // Only vectors are changed, and they are f32 by now: fewer bits would lose digits of w in 1 + w.
      then(
        source.added || source.negExp || source.factor || stored.added
          ? { data: changed(planes.data, source, stored) }
          : planes,
      );
    };
    const known = this.#whole.get(stored);
    if (known) {
      known.push(use);
      return;
    }
    const uses = [use];
    this.#whole.set(stored, uses);
    const run = ([bytes = new Uint8Array()]: readonly Bytes[]) => {
      const elements = finiteElements(stored, from, bytes, 0, this.#options.verify);
      for (const make of uses) make(elements);
    };
    this.#jobs.push([{ reads: [{ tensor: stored, begin: 0, end: stored.end - stored.begin }], run }]);
  }

  /** Memory of at least `bytes` to assemble a plane, reused for each tensor. */
  #gather(plane: string, bytes: number): Uint8Array {
    const known = this.#gathered.get(plane);
    if (known && known.byteLength >= bytes) return known.subarray(0, bytes);
    const memory = new Uint8Array(bytes);
    this.#gathered.set(plane, memory);
    return memory;
  }

  #own(tensor: Tensor): Tensor {
    this.#tensors.push(tensor);
    this.bytes += tensor.bytes;
    return tensor;
  }

  /** The steps of all tensors, in file order of their first bytes. */
  #steps(): Step[] {
    const files = new Map<string, number>();
    for (const { file } of this.#weights.tensors.values()) if (!files.has(file)) files.set(file, files.size);
    const ordered = this.#jobs.map((job) => {
      const first = job[0]?.reads[0];
      return { job, file: files.get(first?.tensor.file ?? ""), at: (first?.tensor.begin ?? 0) + (first?.begin ?? 0) };
    });
    return ordered.sort((a, b) => (a.file ?? 0) - (b.file ?? 0) || a.at - b.at).flatMap(({ job }) => job);
  }

  /** Reads and uploads all that was registered, and waits for it. */
  async finish(): Promise<void> {
    const { signal, onProgress, onWarning = console.warn } = this.#options;
    if (this.#packed) await unlessAborted(loadPackedFormats(), signal);
    const steps = this.#steps();
    const sizeOfStep = ({ reads }: Step) => reads.reduce((sum, { begin, end }) => sum + end - begin, 0);
    const total = steps.reduce((sum, step) => sum + sizeOfStep(step), 0);
    const stream = this.#weights.readInOrder(steps.flatMap(({ reads }) => reads));
    let done = 0;
    for (const step of steps) {
      const bytes: Bytes[] = [];
      for (const _ of step.reads) bytes.push((await unlessAborted(stream.next(), signal)).value ?? new Uint8Array());
      signal?.throwIfAborted();
      await unlessAborted(Promise.resolve(step.run(bytes)), signal);
      done += sizeOfStep(step);
      onProgress?.({ phase: "upload", done, total });
    }
    signal?.throwIfAborted();
    await unlessAborted(this.#uploader.finish(), signal);
    await unlessAborted(this.#gpu.settle(), signal);
    for (const line of this.#losses.lines()) onWarning(line);
  }

  dispose(): void {
    this.#uploader.dispose();
    for (const tensor of this.#tensors) tensor.dispose();
    this.#tensors.length = 0;
  }
}
