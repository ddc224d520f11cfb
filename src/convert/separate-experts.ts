// Splits stacks of experts, as in some Hugging Face checkpoints, into one tensor for each matrix of each expert, from
// which GGUF's stacks are made.
import { type Grouped, withGroups } from "../formats/grouped.ts";
import { dtypeOf, type StoredTensor } from "../formats/safetensors/safetensors.ts";
import { type Weights, withTensors } from "../formats/weights.ts";
import type { StackedSource, WeightSource } from "../models/decoders/family.ts";
import type { Checkpoint } from "../models/weights/checkpoint.ts";
import { bytesPerElement, type DType, type Elements, elementsOf } from "../tensor/dtype.ts";
import { formats } from "../tensor/formats/formats.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Which rows of an expert's stacked matrix belong to a projection. */
interface Share {
  /** `gate`, `up` or `down`. */
  readonly name: string;
  readonly first: number;
  /** From one of its rows to the next. */
  readonly step: number;
  readonly rows: number;
}

/** The projections of a stack `[expert, rows, …]`: one, or gates and ups, alternating or one after the other. */
function sharesOf(rows: number, which: "gateUp" | "down", alternate: boolean): Share[] {
  if (which === "down") return [{ name: "down", first: 0, step: 1, rows }];
  const half = rows / 2;
  return ["gate", "up"].map((name, i) => ({
    name,
    first: alternate ? i : i * half,
    step: alternate ? 2 : 1,
    rows: half,
  }));
}

/** Matrix `at` of a stack of `count`. */
function matrixOf(tensor: StoredTensor, at: number, count: number): StoredTensor {
  const bytes = (tensor.end - tensor.begin) / count;
  const begin = tensor.begin + at * bytes;
  return { ...tensor, shape: tensor.shape.slice(1), begin, end: begin + bytes };
}

/** Rows of a matrix with separate tensors for blocks and scales, as blocks of GGUF files. */
function blocksOf(
  name: string,
  format: DType,
  [data, scales]: readonly [StoredTensor, StoredTensor],
  share: Share,
): readonly [StoredTensor, Grouped] {
  const { ggml, planes } = formats[format];
  if (!ggml) throw new TypeError(`${format}: GGUF files have no blocks of it`);
  const perRow = data.shape.at(-2) ?? 0;
  const columns = perRow * Number(planes.data.elements);
  const bytes = share.rows * perRow * ggml.bytes;
  const tensor = {
    ...data,
    name,
    dtype: format.toUpperCase(),
    shape: [share.rows, columns],
    end: data.begin + bytes,
  };
  // A group is one row of each projection: rows alternate.
  const make = (sources: readonly Bytes[]) => {
    const [own, ofScales] = sources.map((rows) => {
      const row = rows.length / share.step;
      return rows.slice(share.first * row, (share.first + 1) * row);
    });
    return Uint8Array.from(ggml.join({ data: own ?? new Uint8Array(), scales: ofScales ?? new Uint8Array() }));
  };
  return [tensor, { groups: share.rows, sources: [data, scales], make }];
}

/** Rows of a matrix that is stored `[in, out]`. */
function columnsOf(name: string, matrix: StoredTensor, share: Share): readonly [StoredTensor, Grouped] {
  const [input = 0, all = 0] = matrix.shape;
  const dtype = dtypeOf(matrix);
  const make = ([bytes = new Uint8Array()]: readonly Bytes[]) => {
    const given = elementsOf(dtype, bytes.slice().buffer);
    const out: Elements = given.slice(0, share.rows * input);
    for (let row = 0; row < share.rows; row++) {
      const column = share.first + row * share.step;
      for (let i = 0; i < input; i++) out[row * input + i] = given[i * all + column] ?? 0;
    }
    return new Uint8Array(out.buffer as ArrayBuffer);
  };
  const end = matrix.begin + share.rows * input * bytesPerElement[dtype];
  return [
    { ...matrix, name, shape: [share.rows, input], end },
    { groups: 1, sources: [matrix], make },
  ];
}

/** Consecutive rows of a matrix `[out, in]`. */
function rowsOf(name: string, matrix: StoredTensor, share: Share): readonly [StoredTensor] {
  const [rows = 1, ...rest] = matrix.shape;
  const row = (matrix.end - matrix.begin) / rows;
  const begin = matrix.begin + share.first * row;
  return [{ ...matrix, name, shape: [share.rows, ...rest], begin, end: begin + share.rows * row }];
}

/** The tensors in a stack, each with its computation if it is not a range of a file. */
function* apart(
  weights: Weights,
  { name, shape, packed, transposed }: WeightSource,
  which: "gateUp" | "down",
): Generator<readonly [StoredTensor, Grouped?]> {
  const [experts = 0] = shape;
  const rows = (transposed ? shape.at(-1) : shape[1]) ?? 0;
  const base = name.replace(/\.[^.]+$/, "");
  const stack = weights.tensors.get(name) as StoredTensor;
  const shares = sharesOf(rows, which, transposed === true || packed !== undefined);
  for (let expert = 0; expert < experts; expert++) {
    const matrix = matrixOf(stack, expert, experts);
    for (const share of shares) {
      const own = `${base}.${expert}.${share.name}_proj.weight`;
      if (packed) {
        const scales = weights.tensors.get(packed.planes["scales"] ?? "") as StoredTensor;
        yield blocksOf(own, packed.format, [matrix, matrixOf(scales, expert, experts)], share);
      } else yield transposed ? columnsOf(own, matrix, share) : rowsOf(own, matrix, share);
    }
  }
}

/** The single tensor of a stack, if there is only one, and other checkpoints have one for each expert. */
function stackOf({ parts, together }: StackedSource): WeightSource | undefined {
  if (together) return undefined;
  const source = parts[0]?.[0];
  return source && source.shape.length > 2 ? source : undefined;
}

/**
 * Weights in which stacked experts are separate tensors, named as in checkpoints with separate experts:
 * `….experts.3.gate_proj.weight`. Packed blocks stay packed, in the order of GGUF's blocks, whose codecs must be loaded
 * before reading; an expert's gates and ups are read twice, once for each.
 */
export function expertsApart(weights: Weights, { layers }: Checkpoint): Weights {
  const tensors = new Map(weights.tensors);
  const made = new Map<StoredTensor, Grouped>();
  for (const { feedForward } of layers) {
    if (!(feedForward && "router" in feedForward)) continue;
    for (const which of ["gateUp", "down"] as const) {
      const source = stackOf(feedForward[which]);
      if (!source) continue;
      for (const [tensor, grouped] of apart(weights, source, which)) {
        tensors.set(tensor.name, tensor);
        if (grouped) made.set(tensor, grouped);
      }
      for (const name of [source.name, ...Object.values(source.packed?.planes ?? {})]) tensors.delete(name);
    }
  }
  return withGroups(withTensors(weights, tensors), made);
}
