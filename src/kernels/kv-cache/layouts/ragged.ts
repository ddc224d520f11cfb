import address from "#shaders/attention/address/contiguous.wgsl";
import extent from "#shaders/lib/extent/ragged.wgsl";
import type { Gpu } from "../../../gpu/gpu.ts";
import { checkValue, listOf, size } from "../../../options/checks.ts";
import { formatShape, ShapeError } from "../../../tensor/shape.ts";
import { type Tensor, tensor } from "../../../tensor/tensor.ts";
import { tensorCheck } from "../../define/arguments.ts";
import type { LaidTensors, LayoutRecord } from "./layout-record.ts";

/**
 * Consecutive sequences of different lengths in one call: q `[1, h, t, d]`, k and v `[1, g, s, d]`, and offsets of
 * where each begins and the last one ends, u32 `[sequences + 1]` (`cu_seqlens` of FlashAttention 2). The last query of
 * each is at its last key's position.
 */
export interface RaggedLayout {
  readonly kind: "ragged";
  /** Where the queries of each sequence begin, u32 `[sequences + 1]`. */
  readonly queryOffsets: Tensor;
  /** Where the keys of each sequence begin, u32 `[sequences + 1]`. */
  readonly keyOffsets: Tensor;
}

/**
 * The lengths that `sequenceOffsets` was called with: the offsets are on the GPU, and costs are computed without
 * reading them.
 */
const knownLengths = new WeakMap<Tensor, readonly number[]>();

/** Offsets u32 `[sequences + 1]` of sequences with these lengths. Throws `ShapeError` for an invalid length. */
export function sequenceOffsets(gpu: Gpu, lengths: readonly number[]): Tensor {
  checkValue("sequenceOffsets", "lengths", listOf(size), lengths);
  const offsets = [0];
  for (const length of lengths) {
    offsets.push((offsets.at(-1) ?? 0) + length);
  }
  const result = tensor(gpu, [offsets.length], offsets, "u32");
  knownLengths.set(result, [...lengths]);
  return result;
}

function check(what: string, { queryOffsets, keyOffsets }: RaggedLayout, { q, k, step }: LaidTensors): void {
  const fail = (problem: string): never => {
    throw new ShapeError(`${what}: ${problem}`);
  };
  if (step) fail("a ragged layout defines the positions of sequences, expected no step with it");
  if (q.shape[0] !== 1 || k.shape[0] !== 1) {
    fail(`q is ${formatShape(q.shape)}, k ${formatShape(k.shape)}, expected one row [1, …] that all sequences share`);
  }
  for (const [name, { dtype, shape }] of Object.entries({ queryOffsets, keyOffsets })) {
    if (dtype !== "u32" || shape.length !== 1 || (shape[0] ?? 0) < 2) {
      fail(`${name} is ${dtype} ${formatShape(shape)}, expected u32 [sequences + 1]`);
    }
  }
  if (queryOffsets.shape[0] !== keyOffsets.shape[0]) {
    fail(`queryOffsets is ${formatShape(queryOffsets.shape)}, keyOffsets ${formatShape(keyOffsets.shape)}`);
  }
}

export const ragged = {
  name: "ragged",
  fields: { queryOffsets: tensorCheck, keyOffsets: tensorCheck },
  numbers: {},
  layOut: (sequences) => {
    const begins: number[] = [];
    let end = 0;
    for (const { s } of sequences) {
      begins.push(end);
      end += s;
    }
    return {
      rows: 1,
      slots: end,
      slotOf: (sequence, key) => [0, (begins[sequence] ?? 0) + key],
      layout: (gpu) => ({
        kind: "ragged",
        queryOffsets: sequenceOffsets(
          gpu,
          sequences.map(({ t }) => t),
        ),
        keyOffsets: sequenceOffsets(
          gpu,
          sequences.map(({ s }) => s),
        ),
      }),
      entries: (sequence) => (sequence === 0 ? 4 : 2),
    };
  },
  openEnded: true,
  read: {
    address,
    uniforms: (_layout, _keys, { sequences, capacity }) => ({ sequences: { count: sequences, keys: capacity } }),
  },
  extent,
  inOrder: false,
  tensors: ({ queryOffsets, keyOffsets }: RaggedLayout) => ({ queryOffsets, keyOffsets }),
  sizes: (_what, { queryOffsets }, keys) => ({
    sequences: (queryOffsets.shape[0] ?? 1) - 1,
    capacity: keys.shape[2] ?? 0,
  }),
  check,
  lengths: ({ queryOffsets, keyOffsets }) => {
    const [queries, keys] = [knownLengths.get(queryOffsets), knownLengths.get(keyOffsets)];
    return keys && queries?.map((count, i) => [count, keys[i] ?? 0] as const);
  },
} as const satisfies LayoutRecord<RaggedLayout>;
