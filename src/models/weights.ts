import type { Linear } from "../blocks/linear.ts";
import type { Norm } from "../blocks/norm.ts";
import type { BlockWeights } from "../blocks/transformer-block.ts";
import { assertFinite } from "../formats/finite.ts";
import { dtypeOf } from "../formats/safetensors.ts";
import type { Weights } from "../formats/weights.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { stagingBytes, Uploader } from "../gpu/upload.ts";
import { bytesPerElement, type DType, decode, type Elements, elementsOf, encode } from "../tensor/dtype.ts";
import { sizeOf } from "../tensor/shape.ts";
import { segmentRows, Tensor, upload } from "../tensor/tensor.ts";
import type { DecoderConfig } from "./config.ts";
import type { Family, WeightSource } from "./family.ts";

/** Weights of a decoder on the GPU. */
export interface DecoderWeights {
  readonly embedding: Tensor;
  /** Learned positions `[context, c]`. */
  readonly positions?: Tensor | undefined;
  readonly blocks: readonly BlockWeights[];
  readonly norm: Norm;
  readonly head: Linear;
  /** Bytes of all of them. */
  readonly bytes: number;
  dispose(): void;
}

/** How weights are loaded. */
export interface LoadOptions {
  /** Element type of matrices on the GPU; unset: as stored. Vectors are always f32. */
  readonly dtype?: "f32" | "f16" | "bf16" | undefined;
  readonly onProgress?: ((doneBytes: number, totalBytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Brings a checkpoint's weights to the GPU in pieces of at most 8 MiB, checking every value. Throws `FormatError` for
 * a tensor that is missing, has another shape than the config implies, or holds NaN or infinity; nothing stays
 * allocated then.
 */
export async function loadWeights(
  gpu: Gpu,
  weights: Weights,
  family: Family,
  config: DecoderConfig,
  options: LoadOptions = {},
): Promise<DecoderWeights> {
  const outer = family.outer(config, weights.has);
  const layers = Array.from({ length: config.layers }, (_, layer) => family.layer(config, layer, weights.has));
  for (const source of [outer, ...layers].flatMap((part): WeightSource[] => Object.values(part))) {
    weights.get(source.name, source.shape); // every name and shape, before the first byte is uploaded
  }
  const loader = new Loader(gpu, weights, options);
  try {
    const norm = async (weight: WeightSource, bias?: WeightSource): Promise<Norm> => {
      const { eps } = config;
      if (config.norm === "rms") return { kind: "rms", weight: await loader.vector(weight), eps };
      return { kind: "layer", weight: await loader.vector(weight), bias: bias && (await loader.vector(bias)), eps };
    };
    const linear = async (weight: WeightSource, bias?: WeightSource): Promise<Linear> => ({
      weight: await loader.matrix(weight),
      bias: bias && (await loader.vector(bias)),
    });
    const embedding = await loader.matrix(outer.embedding);
    const positions = outer.positions && (await loader.matrix(outer.positions));
    const blocks: BlockWeights[] = [];
    for (const layer of layers) {
      blocks.push({
        attentionNorm: await norm(layer.attentionNorm, layer.attentionNormBias),
        attention: {
          q: await linear(layer.q, layer.qBias),
          k: await linear(layer.k, layer.kBias),
          v: await linear(layer.v, layer.vBias),
          output: await linear(layer.output, layer.outputBias),
          qNorm: layer.qNorm && (await norm(layer.qNorm)),
          kNorm: layer.kNorm && (await norm(layer.kNorm)),
        },
        feedForwardNorm: await norm(layer.feedForwardNorm, layer.feedForwardNormBias),
        feedForward: {
          gate: layer.gate && (await linear(layer.gate, layer.gateBias)),
          up: await linear(layer.up, layer.upBias),
          down: await linear(layer.down, layer.downBias),
        },
      });
    }
    const last = await norm(outer.norm, outer.normBias);
    const head = outer.head ? await linear(outer.head) : { weight: embedding };
    await loader.finish();
    return { embedding, positions, blocks, norm: last, head, bytes: loader.bytes, dispose: () => loader.dispose() };
  } catch (error) {
    loader.dispose();
    throw error;
  }
}

class Loader {
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

  /** A matrix `[out, in]`, as stored or as asked, streamed unless it has to be transposed. */
  async matrix(source: WeightSource): Promise<Tensor> {
    const stored = this.#weights.get(source.name, source.shape);
    const from = dtypeOf(stored);
    const to = this.#options.dtype ?? from;
    if (source.transposed || source.rows) return this.#small(source, from, to);
    const width = bytesPerElement[to];
    const rowElements = sizeOf(source.shape.slice(1));
    const segments = segmentRows(this.#gpu, source.shape, to, source.name).map(({ begin, end }) => {
      const bytes = (end - begin) * rowElements * width;
      return { storage: this.#gpu.upload(source.name, bytes, () => {}), begin, end };
    });
    const tensor = this.#own(new Tensor(this.#gpu, source.shape, to, segments));
    const limit = Math.floor(stagingBytes / 4) * bytesPerElement[from]; // even when f16 becomes f32
    for await (const { begin, bytes } of this.#weights.stream(stored, limit)) {
      this.#check(source.name, stored.file, from, bytes, begin / bytesPerElement[from]);
      const elements = convert(
        from,
        to,
        elementsOf(from, bytes.buffer, bytes.byteOffset, bytes.byteLength / bytesPerElement[from]),
      );
      let first = begin / bytesPerElement[from];
      let rest = new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength);
      for (const segment of segments) {
        const segmentEnd = segment.end * rowElements;
        if (first >= segmentEnd || rest.byteLength === 0) continue;
        const part = rest.subarray(0, (segmentEnd - first) * width);
        await this.#uploader.write(segment.storage, (first - segment.begin * rowElements) * width, part);
        first += part.byteLength / width;
        rest = rest.subarray(part.byteLength);
      }
      this.#progress(bytes.byteLength);
    }
    return tensor;
  }

  /** A vector, as f32 whatever it was stored as. */
  async vector(source: WeightSource): Promise<Tensor> {
    const stored = this.#weights.get(source.name, source.shape);
    return this.#small(source, dtypeOf(stored), "f32");
  }

  /** A whole tensor through the CPU: one that is transposed, cut or converted as a vector. */
  async #small(source: WeightSource, from: DType, to: DType): Promise<Tensor> {
    const stored = this.#weights.get(source.name, source.shape);
    const all = new Uint8Array(new ArrayBuffer(stored.end - stored.begin));
    for await (const { begin, bytes } of this.#weights.stream(stored, stagingBytes)) {
      this.#check(source.name, stored.file, from, bytes, begin / bytesPerElement[from]);
      all.set(bytes, begin);
    }
    let elements = elementsOf(from, all.buffer);
    let shape = source.shape;
    if (source.transposed) {
      const [rows = 0, cols = 0] = shape;
      const swapped = elements.slice();
      for (let r = 0; r < rows; r++) for (let c = 0; c < cols; c++) swapped[c * rows + r] = elements[r * cols + c] ?? 0;
      elements = swapped;
      shape = [cols, rows];
    }
    if (source.rows) {
      const [begin, end] = source.rows;
      const row = sizeOf(shape.slice(1));
      elements = elements.slice(begin * row, end * row);
      shape = [end - begin, ...shape.slice(1)];
    }
    this.#progress((elements.byteLength / all.byteLength) * (stored.end - stored.begin));
    return this.#own(upload(this.#gpu, shape, to, convert(from, to, elements), source.name));
  }

  #check(name: string, file: string, dtype: DType, bytes: Uint8Array, element: number): void {
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

function convert(from: DType, to: DType, elements: Elements): Elements {
  return from === to ? elements : encode(to, decode(from, elements));
}
