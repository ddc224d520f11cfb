import type { Gpu } from "../gpu/gpu.ts";
import { type AttentionResult, type AttentionScore, attention } from "../kernels/attention/attention.ts";
import { scoreCheck } from "../kernels/attention/scores/score.ts";
import { checkCall, tensorFields } from "../kernels/define/arguments.ts";
import { ringPositions } from "../kernels/kv-cache/ring-positions.ts";
import { type RopeLayout, rope, ropeLayoutCheck } from "../kernels/rope/rope.ts";
import { boolean, fieldsOf, finite, integer } from "../options/checks.ts";
import { formatShape, ShapeError } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { transpose } from "../tensor/views.ts";

/** Queries and a ring cache, both before rotation. */
export interface StreamingTensors {
  /** Queries `[b, h, t, d]` before rotation; may be a view whose last axis is contiguous. */
  readonly q: Tensor;
  /** Keys `[b, g, slots, d]`, stored before rotation, and values `[b, g, slots, dv]`, as `appendKv` writes a ring. */
  readonly keys: Tensor;
  readonly values: Tensor;
  /** Cosines and sines `[p, pairs, 2]`, of at least as many positions as there are slots. */
  readonly table: Tensor;
  /** Position and length of each batch row, u32 `[64, 4]`; its last keys are those of its tokens. */
  readonly step?: Tensor | undefined;
}

/** Options of streaming attention. */
export interface StreamingOptions {
  /** Number of first positions that stay in the cache; default 4, as in the paper. */
  readonly sinks?: number;
  /** Tokens so far, including these queries' own; required without a step. */
  readonly length?: number;
  /** Pairing of rotated elements; default halves. */
  readonly ropeLayout?: RopeLayout;
  readonly score?: AttentionScore;
  readonly scale?: number;
  readonly lse?: boolean;
}

const inputs = tensorFields("q", "keys", "values", "table", "step?");
const fields = fieldsOf<StreamingOptions>({
  sinks: integer(0, 2 ** 30),
  length: integer(0, 2 ** 30),
  ropeLayout: ropeLayoutCheck,
  score: scoreCheck,
  scale: finite,
  lse: boolean,
});

/**
 * Causal attention over a stream of any length with a cache of fixed size: the first tokens (attention sinks) and the
 * last ones that fit, rotated by their slots in the cache rather than by their positions in the text, so that positions
 * never exceed those the model was trained on (StreamingLLM, Xiao et al. 2023, section 3.2). The rotated keys are a
 * temporary of the cache's size. Returns out `[b, h, t, dv]`, and lse on request. Throws `ShapeError` for shapes that
 * do not fit.
 */
export function streamingAttention(gpu: Gpu, tensors: StreamingTensors, given: StreamingOptions): AttentionResult {
  checkCall("streamingAttention", inputs, tensors, fields, given);
  const { q, keys, values, table, step } = tensors;
  const { sinks = 4, length, ropeLayout = "halves", ...options } = given;
  const [b = 0, , t = 0] = q.shape;
  const slots = keys.shape[2] ?? 0;
  if ((step === undefined) === (length === undefined)) {
    throw new ShapeError("streamingAttention: expected a step or a length, and not both");
  }
  if ((table.shape[0] ?? 0) < slots) {
    throw new ShapeError(
      `streamingAttention: table is ${formatShape(table.shape)}, expected a position for each of ${slots} slots`,
    );
  }
  if (t > slots - sinks) {
    throw new ShapeError(
      `streamingAttention: ${t} queries, expected at most ${slots - sinks}: the slots that are no sinks`,
    );
  }
  const count = length ?? 0;
  using scope = gpu.scope();
  const at = step ? { step } : {};
  const positions = ringPositions(gpu, at, { b, slots, t, sinks, length: count, start: count - t });
  const rotated = rope(
    gpu,
    { x: transpose(q, [0, 2, 1, 3]), table, positions: positions.queries },
    { layout: ropeLayout },
  ).y;
  const k = rope(gpu, { x: transpose(keys, [0, 2, 1, 3]), table, positions: positions.keys }, { layout: ropeLayout }).y;
  const { out, lse } = attention(
    gpu,
    { q: transpose(rotated, [0, 2, 1, 3]), k: transpose(k, [0, 2, 1, 3]), v: values, ...at },
    { ...options, mask: "causal", layout: { kind: "ring", sinks }, ...(step ? {} : { length: count }) },
  );
  return lse ? { out: scope.keep(out), lse: scope.keep(lse) } : { out: scope.keep(out) };
}
