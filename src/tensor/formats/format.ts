/** The typed arrays that elements are held in. */
export type Elements = Float32Array | Uint16Array | Int32Array | Uint32Array | Uint8Array;

/** Their constructors. */
export type ElementArray =
  | typeof Float32Array
  | typeof Uint16Array
  | typeof Int32Array
  | typeof Uint32Array
  | typeof Uint8Array;

/** One of the arrays that a tensor is stored in: a row of the tensor is a row of cells in each. */
export interface Plane {
  /** Neighbouring elements of a row that share a cell: 1, those of a block, or all of a row. */
  readonly elements: number | "row";
  /** Bytes of a cell. */
  readonly bytes: number;
  /** What its bytes are uploaded from. */
  readonly array: ElementArray;
}

/** The contents of the planes of a tensor, by their names. */
export type Planes = { readonly data: Elements } & Readonly<Record<string, Elements>>;

/**
 * A storage format: how numbers lie in memory. The shaders' side of it, the parts that read it, is the record of the
 * same name under `kernels/formats`.
 */
export interface StorageFormat {
  readonly name: string;
  /**
   * `data` holds the elements; others hold what blocks of elements share, such as `scales` and `zeros`. In shaders the
   * data of a tensor `weight` is the binding `weight`, its scales are the binding `weight_scales`.
   */
  readonly planes: { readonly data: Plane } & Readonly<Record<string, Plane>>;
  /** What a plain element is; absent where elements cannot be told apart without their block. */
  readonly element?: FloatElement | IntegerElement;
  /** Rows of `columns` numbers as they are stored: each number as the nearest that the format has, ties to even. */
  readonly encode: (values: ArrayLike<number>, columns: number) => Planes;
  /** The numbers that rows of `columns` elements stand for: exact. */
  readonly decode: (planes: Planes, columns: number) => Float64Array<ArrayBuffer>;
  /** The first element of blocks that is NaN or beyond f32; absent where elements say so themselves. */
  readonly firstNotFinite?: (planes: Planes) => { readonly index: number; readonly value: number } | undefined;
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
