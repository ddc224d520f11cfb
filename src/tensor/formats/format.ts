import type { ShaderModule } from "../../gpu/shader/shader-module.ts";

/** The typed arrays that hold elements. */
export type Elements = Float32Array | Uint16Array | Int32Array | Uint32Array | Uint8Array;

/** Their constructors. */
type ElementArray =
  | typeof Float32Array
  | typeof Uint16Array
  | typeof Int32Array
  | typeof Uint32Array
  | typeof Uint8Array;

/** One of the arrays in which a tensor is stored: a row of the tensor is a row of cells in each. */
export interface Plane {
  /** Number of adjacent elements of a row that share a cell: 1, those of a block, or a whole row. */
  readonly elements: number | "row";
  /** Bytes of a cell. */
  readonly bytes: number;
  /** The array from which its bytes are uploaded. */
  readonly array: ElementArray;
}

/** The contents of a tensor's planes, by name. */
export type Planes = { readonly data: Elements } & Readonly<Record<string, Elements>>;

/**
 * A storage format: how numbers are stored in memory. The parts that read it in shaders are in its codec if it is a
 * packed one, otherwise in the record of the same name in `kernels/formats`.
 */
export interface StorageFormat {
  readonly name: string;
  /**
   * `data` holds the elements; others hold what blocks of elements share, such as `scales` and `zeros`. In shaders the
   * data of a tensor `weight` is the binding `weight`, its scales are the binding `weight_scales`.
   */
  readonly planes: { readonly data: Plane } & Readonly<Record<string, Plane>>;
  /** The type of a plain element; absent where elements are only defined within a block. */
  readonly element?: FloatElement | IntegerElement;
  /** Encodes rows of `columns` numbers: each is rounded to the nearest in the format, ties to even. */
  readonly encode: (values: ArrayLike<number>, columns: number) => Planes;
  /** Decodes rows of `columns` elements exactly. */
  readonly decode: (planes: Planes, columns: number) => Float64Array<ArrayBuffer>;
  /** The first element of blocks that is NaN or beyond f32; absent where the decoded elements show it. */
  readonly firstNotFinite?: (planes: Planes) => { readonly index: number; readonly value: number } | undefined;
  /** Its blocks in GGUF files, where they exist. */
  readonly ggml?: GgmlBlocks;
}

/** How GGUF files hold the blocks of a format: one after the other, each with all that belongs to it. */
export interface GgmlBlocks {
  /** Bytes of a block; its elements are those of a cell of the plane `data`. */
  readonly bytes: number;
  /** The planes of whole blocks. */
  readonly split: (blocks: Uint8Array) => Planes;
  /** The inverse of `split`. */
  readonly join: (planes: Planes) => Uint8Array;
}

/** A part that reads weights (slot `lib/weight`), and the bytes that its functions request, scales included. */
export interface WeightPart {
  readonly part: ShaderModule;
  /** Of `load_weight`. */
  readonly one: number;
  /** Of `load_weight4`. */
  readonly four: number;
}

/** A part that reads weights 16 bytes at a time or by whole blocks (slot `lib/wide`). */
export interface WideReading {
  readonly part: ShaderModule;
  /** Elements of a load: `WIDE`. */
  readonly elements: number;
  /** Bytes of a load, scales included. */
  readonly bytes: number;
  /** Multiply-adds of a load in addition to those of its elements: once, and for each row of x; default none. */
  readonly scaling?: { readonly load?: number; readonly row?: number };
  /** Columns of a thread where x is one row, and normed: more share the norm, and take more registers; default 4. */
  readonly columns?: number;
}

/** How a packed format is encoded and decoded, and the parts that read it in shaders. Its sizes are in `packedFormats`. */
export interface Codec extends Required<Pick<StorageFormat, "name" | "encode" | "decode" | "firstNotFinite">> {
  /** For the blocks of GGUF files. */
  readonly ggml?: Pick<GgmlBlocks, "split" | "join">;
  readonly weight: WeightPart;
  /** Many weights at a time, for this many rows of x. */
  readonly wide?: (rows: number) => WideReading;
}

/** A float: stored fraction bits and exponent bias (IEEE 754 section 3.6; bf16 is the upper half of an f32). */
export interface FloatElement {
  readonly kind: "float";
  readonly fraction: number;
  readonly bias: number;
}

/** An integer of 32 bits. */
export interface IntegerElement {
  readonly kind: "integer";
  readonly signed: boolean;
}

/** Each element of an array as a number. */
export function decodeEach(data: Elements, decode: (element: number) => number): Float64Array<ArrayBuffer> {
  const out = new Float64Array(data.length);
  for (let i = 0; i < data.length; i++) out[i] = decode(data[i] ?? 0);
  return out;
}

/** Cells of a row of `columns` elements; a fraction where they do not divide into blocks. */
export const cellsOf = ({ elements }: Plane, columns: number): number => (elements === "row" ? 1 : columns / elements);
