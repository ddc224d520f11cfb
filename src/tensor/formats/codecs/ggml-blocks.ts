import { decodeF16, encodeF16 } from "../floats.ts";
import type { Codec, Planes } from "../format.ts";
import { type CodeBits, codeBits } from "./code-bits.ts";

/** Ranges of a block's bytes that go to a plane, in order; the end is exclusive. */
type Range = readonly [begin: number, end: number];

/** The steps of groups of elements:  value = number · scale + minimum, rounded to f32. */
interface Steps {
  readonly scales: Float64Array;
  readonly minima: Float64Array;
}

/**
 * A block of ggml, the library of llama.cpp, as its files hold it: codes, each of a number, and for groups of adjacent
 * elements a scale and perhaps a minimum. The arithmetic is exact in float64, and rounded once.
 */
interface GgmlBlock extends Pick<Codec, "name" | "weight" | "wide"> {
  /** Number of elements. */
  readonly elements: number;
  /** Number of elements of a group; default all. */
  readonly group?: number;
  /** The number that each code stands for. */
  readonly numbers: readonly number[];
  /** Where codes are. */
  readonly codes: readonly CodeBits[];
  /** Which bytes go to the plane of the data, and which to that of the scales. */
  readonly data: readonly Range[];
  readonly scales: readonly Range[];
  /** Zeros after the bytes of its scales, so that a block's are whole words; default none. */
  readonly padding?: number;
  /** Where its f16 numbers are: if one is not finite, no element of the block is. */
  readonly halves: readonly number[];
  /** Reads the steps of the block at `at`; minima are 0 unless they are written. */
  readonly steps: (block: Uint8Array, at: number, steps: Steps) => void;
  /** Chooses codes for the numbers from `first` on, which are finite, and writes all else of the block at `at`. */
  readonly quantise: (x: Float32Array, first: number, codes: Uint8Array, block: Uint8Array, at: number) => void;
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

/** Copies some bytes of each block to or from the cells of a plane. */
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

const asBytes = ({ buffer, byteOffset, byteLength }: Planes[string] = new Uint8Array()) =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** True where a number from `first` to `end` is NaN or infinite. */
function anyNotFinite(x: Float32Array, first: number, end: number): boolean {
  let sum = 0;
  for (let i = first; i < end; i++) sum += 0 * (x[i] ?? 0);
  return sum !== 0;
}

/** Between planes and the blocks of files, whose bytes keep their order. */
function repacking({ data, scales, padding = 0 }: GgmlBlock) {
  const cells = { data: bytesIn(data), scales: bytesIn(scales) + padding };
  const bytes = cells.data + cells.scales - padding;
  const split = (blocks: Uint8Array) => {
    const count = Math.floor(blocks.length / bytes);
    const planes = { data: new Uint8Array(count * cells.data), scales: new Uint8Array(count * cells.scales) };
    copyCells(blocks, bytes, planes.data, cells.data, data, "plane");
    copyCells(blocks, bytes, planes.scales, cells.scales, scales, "plane");
    return planes;
  };
  const join = (planes: Planes) => {
    const blocks = new Uint8Array((planes.data.byteLength / cells.data) * bytes);
    copyCells(blocks, bytes, asBytes(planes.data), cells.data, data, "blocks");
    copyCells(blocks, bytes, asBytes(planes["scales"]), cells.scales, scales, "blocks");
    return blocks;
  };
  return { bytes, split, join };
}

/**
 * The codec of a block of ggml: codes lie in the plane `data`, what they share in `scales`, in the order of the block.
 */
export function ggmlCodec(block: GgmlBlock): Codec {
  const { name, elements, group = elements, numbers, halves, steps, quantise, weight, wide } = block;
  const { bytes, split, join } = repacking(block);
  const packing = codeBits(elements, block.codes);
  const table = Float64Array.from(numbers);

  const encode = (values: ArrayLike<number>) => {
    const x = new Float32Array(values);
    const codes = new Uint8Array(elements);
    const blocks = new Uint8Array((x.length / elements) * bytes);
    for (let first = 0, at = 0; at < blocks.length; first += elements, at += bytes) {
      if (anyNotFinite(x, first, first + elements)) {
        writeHalf(blocks, at + (halves[0] ?? 0), Number.NaN);
        continue;
      }
      quantise(x, first, codes, blocks, at);
      packing.write(codes, blocks, at);
    }
    return split(blocks);
  };

  const groups = elements / group;
  const { scales, minima }: Steps = { scales: new Float64Array(groups), minima: new Float64Array(groups).fill(-0) };
  const codes = new Uint8Array(elements);
  const dequantise = (blocks: Uint8Array, at: number, out: Float64Array, first: number) => {
    steps(blocks, at, { scales, minima });
    packing.read(blocks, at, codes);
    for (let e = 0; e < elements; e++) {
      const of = Math.floor(e / group);
      out[first + e] = Math.fround((table[codes[e] ?? 0] ?? 0) * (scales[of] ?? 0) + (minima[of] ?? 0));
    }
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
    const found = new Float64Array(elements);
    for (let at = 0; at < blocks.length; at += bytes) {
      if (halves.every((half) => ((blocks[at + half + 1] ?? 0) & 0x7c) !== 0x7c)) continue;
      dequantise(blocks, at, found, 0);
      const index = found.findIndex((value) => !Number.isFinite(value));
      if (index >= 0) return { index: (at / bytes) * elements + index, value: found[index] ?? Number.NaN };
    }
    return undefined;
  };

  return { name, encode, decode, firstNotFinite, ggml: { split, join }, weight, ...(wide ? { wide } : {}) };
}
