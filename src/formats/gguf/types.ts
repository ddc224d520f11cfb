// The types of GGUF: of values of the metadata, and of tensors (ggml, "GGUF", version 3; ggml.h for the sizes of
// blocks).

/** Types of values, by their ids. */
export const valueTypes = [
  "u8",
  "i8",
  "u16",
  "i16",
  "u32",
  "i32",
  "f32",
  "bool",
  "string",
  "array",
  "u64",
  "i64",
  "f64",
] as const;

/** The type of a value of the metadata. */
export type ValueType = (typeof valueTypes)[number];

/** Types of values with a fixed number of bytes. */
export type ScalarType = Exclude<ValueType, "string" | "array">;

/** Bytes of a value. */
export const scalarBytes: Readonly<Record<ScalarType, number>> = {
  u8: 1,
  i8: 1,
  u16: 2,
  i16: 2,
  u32: 4,
  i32: 4,
  f32: 4,
  bool: 1,
  u64: 8,
  i64: 8,
  f64: 8,
};

/** The type of a tensor's elements: a row is a run of blocks. */
export interface TensorType {
  readonly id: number;
  readonly name: string;
  /** Elements of a block. */
  readonly elements: number;
  /** Bytes of a block. */
  readonly bytes: number;
}

const rows = [
  [0, "F32", 1, 4],
  [1, "F16", 1, 2],
  [2, "Q4_0", 32, 18],
  [3, "Q4_1", 32, 20],
  [6, "Q5_0", 32, 22],
  [7, "Q5_1", 32, 24],
  [8, "Q8_0", 32, 34],
  [9, "Q8_1", 32, 36],
  [10, "Q2_K", 256, 84],
  [11, "Q3_K", 256, 110],
  [12, "Q4_K", 256, 144],
  [13, "Q5_K", 256, 176],
  [14, "Q6_K", 256, 210],
  [15, "Q8_K", 256, 292],
  [16, "IQ2_XXS", 256, 66],
  [17, "IQ2_XS", 256, 74],
  [18, "IQ3_XXS", 256, 98],
  [19, "IQ1_S", 256, 50],
  [20, "IQ4_NL", 32, 18],
  [21, "IQ3_S", 256, 110],
  [22, "IQ2_S", 256, 82],
  [23, "IQ4_XS", 256, 136],
  [24, "I8", 1, 1],
  [25, "I16", 1, 2],
  [26, "I32", 1, 4],
  [27, "I64", 1, 8],
  [28, "F64", 1, 8],
  [29, "IQ1_M", 256, 56],
  [30, "BF16", 1, 2],
  [34, "TQ1_0", 256, 54],
  [35, "TQ2_0", 256, 66],
  [39, "MXFP4", 32, 17],
  [40, "NVFP4", 64, 36],
  [41, "Q1_0", 128, 18],
  [42, "Q2_0", 64, 18],
] as const;

/** Types of tensors by id, without those removed from ggml. */
export const tensorTypes: ReadonlyMap<number, TensorType> = new Map(
  rows.map(([id, name, elements, bytes]) => [id, { id, name, elements, bytes }]),
);

/** The type of this name. Throws `TypeError` for another name. */
export function tensorTypeNamed(name: string): TensorType {
  for (const type of tensorTypes.values()) if (type.name === name) return type;
  throw new TypeError(`${name} is no type of GGUF`);
}

/** Values of `general.file_type`: the type of most of a file's tensors. */
export const fileTypes: ReadonlyMap<number, string> = new Map([
  [0, "F32"],
  [1, "F16"],
  [2, "Q4_0"],
  [3, "Q4_1"],
  [7, "Q8_0"],
  [8, "Q5_0"],
  [9, "Q5_1"],
  [10, "Q2_K"],
  [11, "Q3_K_S"],
  [12, "Q3_K_M"],
  [13, "Q3_K_L"],
  [14, "Q4_K_S"],
  [15, "Q4_K_M"],
  [16, "Q5_K_S"],
  [17, "Q5_K_M"],
  [18, "Q6_K"],
  [19, "IQ2_XXS"],
  [20, "IQ2_XS"],
  [21, "Q2_K_S"],
  [22, "IQ3_XS"],
  [23, "IQ3_XXS"],
  [24, "IQ1_S"],
  [25, "IQ4_NL"],
  [26, "IQ3_S"],
  [27, "IQ3_M"],
  [28, "IQ2_S"],
  [29, "IQ2_M"],
  [30, "IQ4_XS"],
  [31, "IQ1_M"],
  [32, "BF16"],
  [36, "TQ1_0"],
  [37, "TQ2_0"],
  [38, "MXFP4"],
]);

/**
 * The `general.file_type` of a file with most tensors of this type; for K-quants without a value of their own, that of
 * their smallest recipe. Throws `TypeError` for a name without a value.
 */
export function fileTypeNamed(name: string): number {
  for (const [id, known] of fileTypes) if (known === name || known === `${name}_S`) return id;
  throw new TypeError(`${name} has no general.file_type`);
}

/** The alignment of a file that does not state it. */
export const defaultAlignment = 32;

/** `bytes`, rounded up to a multiple of `alignment`. */
export const padded = (bytes: number, alignment: number): number => Math.ceil(bytes / alignment) * alignment;
