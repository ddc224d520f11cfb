// GPT-2 trained in float64, from the definitions of src/reference: what a run of a page must follow.
import { geluTanh } from "../../../src/reference/activation.ts";
import { geluTanhBackward } from "../../../src/reference/activation-backward.ts";
import { attention, attentionBackward } from "../../../src/reference/attention/attention.ts";
import { causal } from "../../../src/reference/attention/masks.ts";
import { crossEntropy, crossEntropyBackward } from "../../../src/reference/cross-entropy.ts";
import { type Dense, dense, lengthOf, reshape } from "../../../src/reference/dense.ts";
import { add } from "../../../src/reference/elementwise.ts";
import { gather, gatherBackward } from "../../../src/reference/embedding.ts";
import { concat, slice, transpose } from "../../../src/reference/layout.ts";
import { matmul } from "../../../src/reference/matmul.ts";
import { layerNorm, layerNormBackward } from "../../../src/reference/norm.ts";
import { adamW, gradientNorm } from "../../../src/reference/optimizers.ts";
import type { TokenBatch } from "../../../src/train/objectives/token-batches.ts";

/** Tensors by their names in a checkpoint, without what they all begin with. */
export type Tensors = Record<string, Dense>;

const eps = 1e-5;
const swapped = (x: Dense): Dense => transpose({ x }, { order: [1, 0] }).y;
const sumOfRows = (x: Dense): Dense =>
  matmul({ x: dense([1, lengthOf(x.shape, 0)], new Float64Array(lengthOf(x.shape, 0)).fill(1)), weight: swapped(x) }).y;

/** `[t, heads · d]` → `[1, heads, t, d]`, and back. */
const split = (x: Dense, heads: number): Dense => {
  const [t, width] = [lengthOf(x.shape, 0), lengthOf(x.shape, 1)];
  return transpose({ x: reshape(x, [1, t, heads, width / heads]) }, { order: [0, 2, 1, 3] }).y;
};
const joined = (x: Dense): Dense => {
  const y = transpose({ x }, { order: [0, 2, 1, 3] }).y;
  return reshape(y, [lengthOf(y.shape, 1), lengthOf(y.shape, 2) * lengthOf(y.shape, 3)]);
};

/** A value, and what takes its gradient further back. */
interface Node {
  readonly y: Dense;
  readonly back: (dy: Dense) => Dense;
}

/** What a model is computed with: its weights, and their gradients, which are added to. */
interface Tape {
  readonly weights: Tensors;
  readonly gradients: Tensors;
}

function toGradient({ gradients }: Tape, name: string, value: Dense): void {
  const before = gradients[name];
  gradients[name] = before ? add({ a: before, b: reshape(value, before.shape) }).y : value;
}

function weight({ weights }: Tape, name: string): Dense {
  const found = weights[name];
  if (!found) throw new RangeError(`there is no ${name}`);
  return found;
}

/** A product with weights `[in, out]` and a bias. */
function linear(tape: Tape, x: Dense, name: string): Node {
  const [w, bias] = [weight(tape, `${name}.weight`), weight(tape, `${name}.bias`)];
  return {
    y: matmul({ x, weight: swapped(w), bias }).y,
    back: (dy) => {
      toGradient(tape, `${name}.weight`, matmul({ x: swapped(x), weight: swapped(dy) }).y);
      toGradient(tape, `${name}.bias`, reshape(sumOfRows(dy), bias.shape));
      return matmul({ x: dy, weight: w }).y;
    },
  };
}

function norm(tape: Tape, x: Dense, name: string): Node {
  const [w, bias] = [weight(tape, `${name}.weight`), weight(tape, `${name}.bias`)];
  return {
    y: layerNorm({ x, weight: w, bias }, { eps }).y,
    back: (dy) => {
      const { dx, dweight, dbias } = layerNormBackward({ x, weight: w, dy }, { eps });
      toGradient(tape, `${name}.weight`, dweight);
      toGradient(tape, `${name}.bias`, dbias);
      return dx;
    },
  };
}

function attended(tape: Tape, x: Dense, at: string, heads: number): Node {
  const packed = linear(tape, x, `${at}.attn.c_attn`);
  const width = lengthOf(x.shape, 1);
  const part = (i: number) =>
    split(slice({ x: packed.y }, { axis: 1, start: i * width, end: (i + 1) * width }).y, heads);
  const [q, k, v] = [part(0), part(1), part(2)];
  const { out, lse } = attention({ q, k, v }, { mask: causal });
  const projected = linear(tape, joined(out), `${at}.attn.c_proj`);
  return {
    y: projected.y,
    back: (dy) => {
      const dout = split(projected.back(dy), heads);
      const { dq, dk, dv } = attentionBackward({ q, k, v, out, lse, dout }, { mask: causal });
      return packed.back(concat({ dq: joined(dq), dk: joined(dk), dv: joined(dv) }, { axis: 1 }).y);
    },
  };
}

function fed(tape: Tape, x: Dense, at: string): Node {
  const wide = linear(tape, x, `${at}.mlp.c_fc`);
  const narrow = linear(tape, geluTanh({ x: wide.y }).y, `${at}.mlp.c_proj`);
  return {
    y: narrow.y,
    back: (dy) => wide.back(geluTanhBackward({ x: wide.y, dy: narrow.back(dy) }).dx),
  };
}

/** Logits of a sequence `[t]`. */
function logitsOf(tape: Tape, ids: Dense, heads: number): Node {
  const [table, places] = [weight(tape, "wte.weight"), weight(tape, "wpe.weight")];
  const positions = dense(ids.shape, [...ids.values.keys()]);
  let x = add({ a: gather({ ids, table }).y, b: gather({ ids: positions, table: places }).y }).y;
  const backs: ((dx: Dense) => Dense)[] = [];
  const residual = (name: string, inner: (normed: Dense) => Node) => {
    const normed = norm(tape, x, name);
    const added = inner(normed.y);
    x = add({ a: x, b: added.y }).y;
    backs.push((dx) => add({ a: dx, b: normed.back(added.back(dx)) }).y);
  };
  for (let layer = 0; tape.weights[`h.${layer}.ln_1.weight`]; layer++) {
    residual(`h.${layer}.ln_1`, (normed) => attended(tape, normed, `h.${layer}`, heads));
    residual(`h.${layer}.ln_2`, (normed) => fed(tape, normed, `h.${layer}`));
  }
  const last = norm(tape, x, "ln_f");
  return {
    y: matmul({ x: last.y, weight: table }).y,
    back: (dy) => {
      toGradient(tape, "wte.weight", matmul({ x: swapped(dy), weight: swapped(last.y) }).y);
      let dx = last.back(matmul({ x: dy, weight: swapped(table) }).y);
      for (const back of backs.toReversed()) dx = back(dx);
      toGradient(tape, "wte.weight", gatherBackward({ ids, dy: dx }, { rows: lengthOf(table.shape, 0) }).dtable);
      toGradient(
        tape,
        "wpe.weight",
        gatherBackward({ ids: positions, dy: dx }, { rows: lengthOf(places.shape, 0) }).dtable,
      );
      return dx;
    },
  };
}

/** How a model is trained: AdamW, with decay of what has two or more axes, and the largest norm of the gradients. */
export interface Training {
  readonly heads: number;
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly clip: number;
}

/** The losses and norms of steps on batches in order; changes the weights. */
export function gpt2Steps(
  weights: Tensors,
  batches: readonly TokenBatch[],
  { heads, learningRate, weightDecay, clip: most }: Training,
): readonly { readonly loss: number; readonly gradientNorm: number }[] {
  const [beta1, beta2] = [0.9, 0.95];
  const state: Record<string, { first: Dense; second: Dense }> = {};
  return batches.map(({ ids, targets }, i) => {
    const tape: Tape = { weights, gradients: {} };
    const rows = ids.map((row, r) => {
      const logits = logitsOf(tape, dense([row.length], row), heads);
      const wanted = dense([row.length], targets[r] ?? []);
      return { logits, wanted, ...crossEntropy({ logits: logits.y, targets: wanted }) };
    });
    const total = rows.reduce((sum, { count }) => sum + (count.values[0] ?? 0), 0);
    const loss = rows.reduce((sum, { losses }) => sum + losses.values.reduce((a, b) => a + b, 0), 0) / total;
    const [count, dloss] = [dense([1], [total]), dense([1], [1])];
    for (const { logits, wanted, lse } of rows) {
      logits.back(crossEntropyBackward({ logits: logits.y, targets: wanted, lse, count, dloss }).dlogits);
    }
    const squares = Object.values(tape.gradients).map(({ values }) => values.reduce((sum, one) => sum + one * one, 0));
    const { clip } = gradientNorm({ squares: dense([squares.length], squares) }, { maxNorm: most });
    const scalars = dense([3], [learningRate, 1 / (1 - beta1 ** (i + 1)), 1 / (1 - beta2 ** (i + 1))]);
    for (const [name, gradient] of Object.entries(tape.gradients)) {
      const parameter = weight(tape, name);
      const { first, second } = state[name] ?? { first: dense(parameter.shape), second: dense(parameter.shape) };
      const decay = parameter.shape.length > 1 ? weightDecay : 0;
      const options = { beta1, beta2, eps: 1e-8, decay };
      const after = adamW({ parameter, gradient, first, second, scalars, clip }, options);
      [weights[name], state[name]] = [after.parameter, { first: after.first, second: after.second }];
    }
    return { loss, gradientNorm: clip.values[0] ?? Number.NaN };
  });
}
