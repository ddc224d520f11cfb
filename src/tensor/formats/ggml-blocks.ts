import { decodeF16, encodeF16 } from "./f16.ts";
import type { GgmlBlocks, Planes, StorageFormat } from "./format.ts";

/** Bytes of a block that go to a plane, in order: from the first up to the last, which is not among them. */
type Range = readonly [begin: number, end: number];

/** A block of ggml, the library of llama.cpp, as its files hold it. */
export interface GgmlBlock<Name extends string> {
  readonly name: Name;
  /** Its id in GGUF files. */
  readonly type: number;
  /** Number of elements. */
  readonly elements: number;
  readonly data: readonly Range[];
  readonly scales: readonly Range[];
  /** Zeros after the bytes of its scales, so that a block's are whole words; default none. */
  readonly padding?: number;
  /** Where its numbers of f16 are: where one is not finite, no element of the block is. */
  readonly halves: readonly number[];
  /** Writes the block at `at` for the numbers from `first` on, which are finite. All its bytes are 0. */
  readonly quantise: (x: Float32Array, first: number, block: Uint8Array, at: number) => void;
  /** Writes the numbers of the block at `at`, each the nearest of f32, from `first` on. */
  readonly dequantise: (block: Uint8Array, at: number, out: Float64Array, first: number) => void;
}

const bytesIn = (ranges: readonly Range[]) => ranges.reduce((sum, [begin, end]) => sum + end - begin, 0);

/** The number of f16 at `at`. */
export const readHalf = (block: Uint8Array, at: number): number =>
  decodeF16((block[at] ?? 0) | ((block[at + 1] ?? 0) << 8));

/** Writes the nearest f16 at `at`, and returns it. */
export function writeHalf(block: Uint8Array, at: number, value: number): number {
  const half = encodeF16(Math.fround(value));
  block[at] = half & 0xff;
  block[at + 1] = half >> 8;
  return decodeF16(half);
}

/** Copies some bytes of each of `count` blocks to or from the cells of a plane. */
function copyCells(
  blocks: Uint8Array,
  bytes: number,
  plane: Uint8Array,
  cell: number,
  ranges: readonly Range[],
  to: "plane" | "blocks",
): void {
  let offset = 0;
  for (const [begin, end] of ranges) {
    const length = end - begin;
    for (let from = begin, at = offset; from < blocks.length; from += bytes, at += cell) {
      if (to === "plane") for (let i = 0; i < length; i++) plane[at + i] = blocks[from + i] ?? 0;
      else for (let i = 0; i < length; i++) blocks[from + i] = plane[at + i] ?? 0;
    }
    offset += length;
  }
}

const asBytes = ({ buffer, byteOffset, byteLength }: Uint8Array | Planes[string] = new Uint8Array()) =>
  new Uint8Array(buffer, byteOffset, byteLength);

/**
 * The storage format of a block of ggml. Its bytes lie in two planes in the order that they have in the block: codes in
 * `data`, what they share in `scales`.
 */
export function ggmlFormat<Name extends string>(block: GgmlBlock<Name>) {
  const { name, type, elements, padding = 0, halves, quantise, dequantise } = block;
  const cells = { data: bytesIn(block.data), scales: bytesIn(block.scales) + padding };
  const bytes = cells.data + cells.scales - padding;

  const split = (blocks: Uint8Array) => {
    const count = Math.floor(blocks.length / bytes);
    const [data, scales] = [new Uint8Array(count * cells.data), new Uint8Array(count * cells.scales)];
    copyCells(blocks, bytes, data, cells.data, block.data, "plane");
    copyCells(blocks, bytes, scales, cells.scales, block.scales, "plane");
    return { data, scales };
  };

  const join = ({ data, scales }: Planes) => {
    const blocks = new Uint8Array((data.byteLength / cells.data) * bytes);
    copyCells(blocks, bytes, asBytes(data), cells.data, block.data, "blocks");
    copyCells(blocks, bytes, asBytes(scales), cells.scales, block.scales, "blocks");
    return blocks;
  };

  const encode = (values: ArrayLike<number>) => {
    const x = new Float32Array(values);
    const blocks = new Uint8Array((x.length / elements) * bytes);
    for (let first = 0, at = 0; at < blocks.length; first += elements, at += bytes) {
      let sum = 0;
      for (let i = first; i < first + elements; i++) sum += 0 * (x[i] ?? 0); // NaN where one is not finite
      if (sum === 0) quantise(x, first, blocks, at);
      else writeHalf(blocks, at + (halves[0] ?? 0), Number.NaN);
    }
    return split(blocks);
  };

  const decode = (planes: Planes): Float64Array<ArrayBuffer> => {
    const blocks = join(planes);
    const out = new Float64Array((blocks.length / bytes) * elements);
    for (let first = 0, at = 0; at < blocks.length; first += elements, at += bytes) {
      dequantise(blocks, at, out, first);
    }
    return out;
  };

  const firstNotFinite = (planes: Planes) => {
    const blocks = join(planes);
    const numbers = new Float64Array(elements);
    for (let at = 0; at < blocks.length; at += bytes) {
      if (halves.every((half) => ((blocks[at + half + 1] ?? 0) & 0x7c) !== 0x7c)) continue;
      dequantise(blocks, at, numbers, 0);
      const index = numbers.findIndex((value) => !Number.isFinite(value));
      if (index >= 0) return { index: (at / bytes) * elements + index, value: numbers[index] ?? Number.NaN };
    }
    return undefined;
  };

  return {
    name,
    planes: {
      data: { elements, bytes: cells.data, array: Uint8Array },
      scales: { elements, bytes: cells.scales, array: Uint8Array },
    },
    encode,
    decode,
    firstNotFinite,
    ggml: { type, bytes, split, join } satisfies GgmlBlocks,
  } as const satisfies StorageFormat;
}
