import type { Linear } from "../../blocks/linear.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import type { MeanLoss } from "../../kernels/cross-entropy/cross-entropy.ts";
import { linearCrossEntropy } from "../../kernels/cross-entropy/linear.ts";
import type { LossOptions } from "../../kernels/cross-entropy/options.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { BatchInput, InputShape } from "./objective.ts";

/** Positions of concatenated rows. */
interface RaggedFit {
  /** The position, or the row of a table of positions, of a row's first token. */
  readonly first: number;
  /** Number of positions from there on; unset: unlimited. */
  readonly context?: number | undefined;
}

/**
 * A length rounded up to a quarter of a power of two, at least 4, so that few different ones occur, each of which needs
 * a program.
 */
export const roundedLength = (length: number): number => {
  const step = 2 ** Math.max(2, Math.floor(Math.log2(Math.max(1, length))) - 2);
  return step * Math.ceil(length / step);
};

/** Padded number of tokens in a batch: the number of rows times the longest, which is rounded if others are shorter. */
function sizeOfRows(rows: readonly (readonly number[])[]): number {
  const lengths = rows.map(({ length }) => length);
  const [most, least] = [Math.max(0, ...lengths), Math.min(...lengths)];
  return rows.length * (most === least ? most : roundedLength(most));
}

/** Lists of numbers concatenated and padded with `rest` to `size` numbers. */
export function joinedRows(rows: readonly (readonly number[])[], size: number, rest: number): Int32Array<ArrayBuffer> {
  const all = new Int32Array(size).fill(rest);
  let at = 0;
  for (const row of rows) {
    all.set(row, at);
    at += row.length;
  }
  return all;
}

/**
 * Rows of any lengths, concatenated, `ids` and `positions` u32 `[b·t]`, with the `offsets` u32 `[b + 2]` of a ragged
 * layout: t is the length of the longest, and the padding is a separate sequence, so that batches of equal b and t
 * share a program.
 */
export function raggedRows(rows: readonly (readonly number[])[], { first, context }: RaggedFit) {
  const size = sizeOfRows(rows);
  const positions = new Uint32Array(size);
  const offsets = new Uint32Array(rows.length + 2);
  let at = 0;
  for (const [i, { length }] of rows.entries()) {
    for (let token = 0; token < length; token++) positions[at + token] = first + token;
    at += length;
    offsets[i + 1] = at;
  }
  for (let token = at; token < size; token++) positions[token] = first + ((token - at) % (context ?? size));
  offsets[rows.length + 1] = size;
  const { ids: ofIds, positions: ofPositions, offsets: ofOffsets } = raggedShapes(rows.length, size);
  return {
    ids: { ...ofIds, values: new Uint32Array(joinedRows(rows, size, 0).buffer) },
    positions: { ...ofPositions, values: positions },
    offsets: { ...ofOffsets, values: offsets },
  } satisfies Readonly<Record<string, BatchInput>>;
}

/** The shapes of `raggedRows` for so many rows and tokens in all. */
export const raggedShapes = (rows: number, tokens: number) =>
  ({
    ids: { shape: [tokens], dtype: "u32" },
    positions: { shape: [tokens], dtype: "u32" },
    offsets: { shape: [rows + 2], dtype: "u32" },
  }) satisfies Readonly<Record<string, InputShape>>;

/**
 * The loss of a head's logits of states `[n, c]`, for targets `[n]`. All logits are in memory at once only if they are
 * few.
 */
export function headLoss(
  gpu: Gpu,
  { x, head, targets }: { readonly x: Tensor; readonly head: Linear; readonly targets: Tensor },
  options: LossOptions = {},
): MeanLoss {
  const { weight, bias } = head;
  return gpu.within("head", () =>
    linearCrossEntropy(gpu, bias ? { x, weight, bias, targets } : { x, weight, targets }, options),
  );
}
