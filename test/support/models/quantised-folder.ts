// Folders of quantised models, written from what AutoAWQ, AutoGPTQ, compressed-tensors and bitsandbytes say of their
// tensors: one code after the other, as the definitions have them.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { normal, randomSource } from "../../../src/check/random.ts";
import type { FileSource } from "../../../src/formats/source.ts";
import { decodeF16, encodeF16 } from "../../../src/tensor/dtype.ts";
import { memorySource, type TensorToWrite, withHeader } from "../../formats/checkpoint-bytes.ts";
import { bundledModel } from "../bundled.ts";

export type Tensors = Record<string, TensorToWrite>;

/** A matrix `[rows, columns]` of codes, each in a group with a scale and a zero point. */
export interface Codes {
  readonly rows: number;
  readonly columns: number;
  readonly code: (row: number, column: number) => number;
  /** The number of the group of a column. */
  readonly groupOf: (column: number) => number;
  readonly groups: number;
  readonly scale: (row: number, group: number) => number;
  readonly zero: (row: number, group: number) => number;
}

/** How a matrix is quantised, and how it is written. */
export interface Writer {
  /** The `quantization_config`. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Elements of a group. */
  readonly group: (columns: number) => number;
  readonly bits?: 8;
  /** Zero points other than 8, or 0 for eight bits. */
  readonly zeros?: boolean;
  /** The group of a column; default by its place. */
  readonly order?: (column: number, group: number, columns: number) => number;
  readonly tensors: (base: string, codes: Codes) => Tensors;
}

/** Words `[down, across]` of eight codes each, of which the t-th is in the bits from 4t on. */
export function words(down: number, across: number, code: (y: number, x: number, t: number) => number): TensorToWrite {
  const out = new Uint32Array(down * across);
  for (let y = 0; y < down; y++) {
    for (let x = 0; x < across; x++) {
      let word = 0n;
      for (let t = 0; t < 8; t++) word += BigInt(code(y, x, t)) << BigInt(4 * t);
      out[y * across + x] = Number(word);
    }
  }
  return { dtype: "I32", shape: [down, across], bytes: new Uint8Array(out.buffer) };
}

/** A matrix of numbers as f16. */
export function halves(rows: number, columns: number, number: (row: number, column: number) => number): TensorToWrite {
  const all = Uint16Array.from({ length: rows * columns }, (_, i) =>
    encodeF16(number(Math.floor(i / columns), i % columns)),
  );
  return { dtype: "F16", shape: [rows, columns], bytes: new Uint8Array(all.buffer) };
}

const floats = (shape: readonly number[], values: Float32Array<ArrayBuffer>): TensorToWrite => ({
  dtype: "F32",
  shape,
  bytes: new Uint8Array(values.buffer),
});

/** Nibble t of a word of AWQ has this one of eight outputs. */
const order = [0, 2, 4, 6, 1, 3, 5, 7];

export const awqWriter = (size: number, config: object = {}): Writer => ({
  config: { quant_method: "awq", bits: 4, group_size: size, zero_point: true, version: "gemm", ...config },
  group: () => size,
  zeros: true,
  tensors: (base, { rows, columns, groups, code, scale, zero }) => ({
    [`${base}.qweight`]: words(columns, rows / 8, (i, x, t) => code(8 * x + (order[t] ?? 0), i)),
    [`${base}.qzeros`]: words(groups, rows / 8, (g, x, t) => zero(8 * x + (order[t] ?? 0), g)),
    [`${base}.scales`]: halves(groups, rows, (g, row) => scale(row, g)),
  }),
});

export function gptqWriter(
  size: number,
  { less = 1, columnOrder, ...config }: { less?: number; columnOrder?: Writer["order"] } & Record<string, unknown> = {},
): Writer {
  return {
    config: { quant_method: "gptq", bits: 4, group_size: size, desc_act: false, sym: false, ...config },
    group: (columns) => (size === -1 ? columns : size),
    zeros: config["sym"] !== true,
    ...(columnOrder ? { order: columnOrder } : {}),
    tensors: (base, { rows, columns, groups, code, scale, zero, groupOf }) => ({
      [`${base}.qweight`]: words(columns / 8, rows, (x, row, t) => code(row, 8 * x + t)),
      [`${base}.qzeros`]: words(groups, rows / 8, (g, x, t) => (zero(8 * x + t, g) - less) & 15),
      [`${base}.scales`]: halves(groups, rows, (g, row) => scale(row, g)),
      [`${base}.g_idx`]: {
        dtype: "I32",
        shape: [columns],
        bytes: new Uint8Array(Int32Array.from({ length: columns }, (_, i) => groupOf(i)).buffer),
      },
    }),
  };
}

const configGroups = (weights: object) => ({ config_groups: { group_0: { targets: ["Linear"], weights } } });

export const packedWriter = (size: number, symmetric: boolean): Writer => ({
  config: {
    quant_method: "compressed-tensors",
    format: "pack-quantized",
    ...configGroups({ num_bits: 4, type: "int", symmetric, strategy: "group", group_size: size }),
  },
  group: () => size,
  zeros: !symmetric,
  tensors: (base, { rows, columns, groups, code, scale, zero }) => ({
    [`${base}.weight_packed`]: words(rows, columns / 8, (row, x, t) => code(row, 8 * x + t)),
    [`${base}.weight_scale`]: halves(rows, groups, scale),
    [`${base}.weight_shape`]: {
      dtype: "I64",
      shape: [2],
      bytes: new Uint8Array(BigInt64Array.of(BigInt(rows), BigInt(columns)).buffer),
    },
    ...(symmetric ? {} : { [`${base}.weight_zero_point`]: words(rows / 8, groups, (x, g, t) => zero(8 * x + t, g)) }),
  }),
});

const signedBytes = ({ rows, columns, code }: Codes): TensorToWrite => ({
  dtype: "I8",
  shape: [rows, columns],
  bytes: Uint8Array.from({ length: rows * columns }, (_, i) => code(Math.floor(i / columns), i % columns)),
});

export const channelWriter: Writer = {
  config: {
    quant_method: "compressed-tensors",
    format: "int-quantized",
    ...configGroups({ num_bits: 8, type: "int", symmetric: true, strategy: "channel" }),
  },
  group: (columns) => columns,
  bits: 8,
  tensors: (base, codes) => ({
    [`${base}.weight`]: signedBytes(codes),
    [`${base}.weight_scale`]: halves(codes.rows, 1, codes.scale),
  }),
};

export const eightBitWriter: Writer = {
  config: { quant_method: "bitsandbytes", load_in_8bit: true, load_in_4bit: false, llm_int8_threshold: 6 },
  group: (columns) => columns,
  bits: 8,
  tensors: (base, codes) => ({
    [`${base}.weight`]: signedBytes(codes),
    [`${base}.weight_format`]: { dtype: "U8", shape: [], bytes: Uint8Array.of(0) },
    [`${base}.SCB`]: floats(
      [codes.rows],
      Float32Array.from({ length: codes.rows }, (_, row) => 127 * codes.scale(row, 0)),
    ),
  }),
};

function randomCodes(rows: number, columns: number, writer: Writer, seed: number): Codes {
  const random = randomSource(seed);
  const size = writer.group(columns);
  const groups = columns / size;
  const most = writer.bits === 8 ? 256 : 16;
  const codes = Int16Array.from({ length: rows * columns }, () => random.integer(most) - (writer.bits === 8 ? 128 : 0));
  const spread = (writer.bits === 8 ? 1 / 16 : 1) / Math.sqrt(columns);
  const scales = Float64Array.from({ length: rows * groups }, () =>
    decodeF16(encodeF16(((16 + random.integer(48)) / 256) * spread)),
  );
  const zeros = Uint8Array.from({ length: rows * groups }, () => random.integer(16));
  const plain = writer.bits === 8 ? 0 : 8;
  return {
    rows,
    columns,
    groups,
    code: (row, column) => codes[row * columns + column] ?? 0,
    groupOf: (column) => writer.order?.(column, size, columns) ?? Math.floor(column / size),
    scale: (row, group) => scales[row * groups + group] ?? 0,
    zero: (row, group) => (writer.zeros ? (zeros[row * groups + group] ?? 0) : plain),
  };
}

/** What each code stands for, `[rows, columns]` or transposed. */
function numbersOf(
  { rows, columns, code, scale, zero, groupOf }: Codes,
  transposed: boolean,
): Float32Array<ArrayBuffer> {
  const out = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const group = groupOf(column);
      const at = transposed ? column * rows + row : row * columns + column;
      out[at] = (code(row, column) - zero(row, group)) * scale(row, group);
    }
  }
  return out;
}

/** What a folder has: matrices of layers quantised, all else as f32; and the same model with all as f32. */
export interface QuantisedModel {
  readonly config: Readonly<Record<string, unknown>>;
  readonly quantised: Tensors;
  readonly plain: Tensors;
}

const isQuantised = (name: string, shape: readonly number[]) =>
  shape.length === 2 && /(layers|h)\.\d+\./.test(name) && !/router|\.gate\.weight|norm|ln_/.test(name);

/** A model of random codes; `transposed` where the family stores matrices `[in, out]`. */
export function quantisedModel(
  config: Readonly<Record<string, unknown>>,
  shapes: Readonly<Record<string, readonly number[]>>,
  writer: Writer,
  transposed = false,
): QuantisedModel {
  const quantised: Tensors = {};
  const plain: Tensors = {};
  let seed = 1;
  for (const [name, shape] of Object.entries(shapes)) {
    seed++;
    if (isQuantised(name, shape)) {
      const [rows = 0, columns = 0] = transposed ? shape.toReversed() : shape;
      const codes = randomCodes(rows, columns, writer, seed);
      Object.assign(quantised, writer.tensors(name.replace(/\.weight$/, ""), codes));
      plain[name] = floats(shape, numbersOf(codes, transposed));
      continue;
    }
    const size = shape.reduce((product, axis) => product * axis, 1);
    const isNorm = /norm.*weight|ln_.*weight/.test(name);
    const scale = shape.length === 1 ? 0.1 : 1 / Math.sqrt(shape.at(-1) ?? 1);
    const tensor = floats(shape, Float32Array.from(normal(size, seed, scale, isNorm ? 1 : 0)));
    quantised[name] = tensor;
    plain[name] = tensor;
  }
  return { config: { ...config, quantization_config: writer.config }, quantised, plain };
}

/** The bytes of a safetensors file. */
function file(tensors: Tensors): Uint8Array {
  const header: Record<string, unknown> = {};
  let at = 0;
  for (const [name, { dtype, shape, bytes }] of Object.entries(tensors)) {
    header[name] = { dtype, shape, data_offsets: [at, at + bytes.length] };
    at += bytes.length;
  }
  return withHeader(JSON.stringify(header), Buffer.concat(Object.values(tensors).map(({ bytes }) => bytes)));
}

/** A folder with the tokenizer of a bundled model, in memory. */
export function folderOf(config: object, tensors: Tensors): FileSource {
  const tokenizer = ["tokenizer.json", "tokenizer_config.json"].map(
    (name) => [name, readFileSync(join(bundledModel, name))] as const,
  );
  const json = new TextEncoder().encode(JSON.stringify(config));
  return memorySource({ ...Object.fromEntries(tokenizer), "config.json": json, "model.safetensors": file(tensors) });
}
