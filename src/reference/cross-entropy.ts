import { atLeast, between, type Checks, integer, positive } from "../options/checks.ts";
import { given, optionalTensor, tensor } from "./arguments.ts";
import { at, axes, type Dense, dense } from "./dense.ts";
import { transpose } from "./layout.ts";
import { gemm, matmul } from "./matmul.ts";
import { sum } from "./reduce.ts";

/** Options of the loss; as `src/kernels/cross-entropy/options.ts` describes them. */
export interface CrossEntropyOptions {
  readonly ignored?: number;
  readonly smoothing?: number;
  readonly softcap?: number;
  readonly zLoss?: number;
  readonly vocabulary?: number;
}

const options: Checks<CrossEntropyOptions> = {
  ignored: integer(-(2 ** 31), 2 ** 32 - 1),
  smoothing: between(0, 1),
  softcap: positive,
  zLoss: atLeast(0),
  vocabulary: integer(1, 2 ** 32 - 1),
};

/** A row of logits that counts: as they are used, their slopes, log Σ exp, and the target. */
interface Row {
  readonly logits: Float64Array;
  readonly slopes: Float64Array;
  readonly lse: number;
  readonly target: number;
  /** True where the target is a token. */
  readonly known: boolean;
}

/** The rows of logits; undefined where they are ignored. */
function rowsOf(logits: Dense, targets: Dense, chosen: CrossEntropyOptions): (Row | undefined)[] {
  const { rows, cols } = axes("crossEntropy", { logits, targets }, { logits: "rows cols", targets: "rows" });
  const { ignored = -100, vocabulary = cols, softcap } = chosen;
  if (vocabulary > cols) throw new RangeError(`crossEntropy: vocabulary is ${vocabulary}, logits have ${cols} columns`);
  return Array.from({ length: rows }, (_, row) => {
    const target = at(targets.values, row);
    if (target >>> 0 === ignored >>> 0) return undefined;
    const raw = logits.values.subarray(row * cols, row * cols + vocabulary);
    const bent = (x: number, cap: number) => (Number.isFinite(x) ? cap * Math.tanh(x / cap) : x);
    const slope = (x: number, cap: number) => (Number.isFinite(x) ? 1 / Math.cosh(x / cap) ** 2 : 0);
    const used = softcap === undefined ? raw : raw.map((x) => bent(x, softcap));
    const slopes = raw.map((x) => (softcap === undefined ? 1 : slope(x, softcap)));
    const known = target >= 0 && target < vocabulary;
    const largest = used.reduce((most, z) => Math.max(most, z), Number.NEGATIVE_INFINITY);
    const sum = used.reduce((total, z) => total + Math.exp(z - largest), 0);
    return { logits: used, slopes, lse: known ? largest + Math.log(sum) : Number.NaN, target, known };
  });
}

/**
 * Cross-entropy of each row of logits with its target: `loss = lse − (1 − ε)·z[t] − ε·mean(z) + ζ·lse²` with
 * `lse = log Σ exp z` over the tokens of the vocabulary (PyTorch's label smoothing; PaLM's z-loss). logits `[rows, v]`,
 * targets `[rows]` → losses and lse `[rows]`, 0 where the target is `ignored` and NaN where it is no token; loss `[1]`,
 * the mean over the other rows, 0 without any; count `[1]`, their number.
 */
export function crossEntropy(
  tensors: { logits: Dense; targets: Dense },
  chosen: CrossEntropyOptions = {},
): { losses: Dense; lse: Dense; loss: Dense; count: Dense } {
  const { logits, targets } = given("crossEntropy", tensors, { logits: tensor, targets: tensor });
  const { smoothing = 0, zLoss = 0 } = given("crossEntropy", chosen, options);
  const rows = rowsOf(logits, targets, chosen);
  const losses = rows.map((row) => {
    if (!row) return 0;
    const { logits: z, lse, target, known } = row;
    if (!known) return Number.NaN;
    const largest = z.reduce((most, one) => Math.max(most, one), Number.NEGATIVE_INFINITY);
    const own = at(z, target);
    // Of the other tokens, so that a loss of 10⁻⁹ keeps its digits.
    const others = z.reduce((total, one, i) => total + (i === target ? 0 : Math.exp(one - largest)), 0);
    const sharp = own === largest ? Math.log1p(others) + smoothing * own : lse - (1 - smoothing) * own;
    const even = smoothing === 0 ? 0 : (smoothing * z.reduce((total, one) => total + one, 0)) / z.length;
    return sharp - even + zLoss * lse ** 2;
  });
  const count = rows.filter((row) => row !== undefined).length;
  const total = losses.reduce((sum, loss) => sum + loss, 0);
  return {
    losses: dense([rows.length], losses),
    lse: dense(
      [rows.length],
      rows.map((row) => row?.lse ?? 0),
    ),
    loss: dense([1], [count === 0 ? 0 : total / count]),
    count: dense([1], [count]),
  };
}

/**
 * The gradient of the mean cross-entropy: `dz = ((1 + 2ζ·lse)·p − (1 − ε)·[t] − ε/v)·dloss/count`, `p = exp(z − lse)`,
 * times the slope of the softcap. Tensors as in {@link crossEntropy}, dloss `[1]`, and lse `[rows]` and count `[1]` as
 * it returns them → dlogits `[rows, v]`: 0 in ignored rows and beyond the vocabulary, NaN in rows whose target is no
 * token.
 */
export function crossEntropyBackward(
  tensors: { logits: Dense; targets: Dense; lse: Dense; count: Dense; dloss: Dense },
  chosen: CrossEntropyOptions = {},
): { dlogits: Dense } {
  const checks = { logits: tensor, targets: tensor, lse: tensor, count: tensor, dloss: tensor };
  const { logits, targets, lse, count, dloss } = given("crossEntropyBackward", tensors, checks);
  const { smoothing = 0, zLoss = 0 } = given("crossEntropyBackward", chosen, options);
  const { cols } = axes(
    "crossEntropyBackward",
    { logits, targets, lse, count, dloss },
    { logits: "rows cols", targets: "rows", lse: "rows", count: "one", dloss: "one" },
  );
  const live = at(count.values, 0);
  const factor = live === 0 ? 0 : at(dloss.values, 0) / live;
  const dlogits = dense(logits.shape);
  for (const [index, row] of rowsOf(logits, targets, chosen).entries()) {
    if (!row) continue;
    const { logits: z, slopes, target, known } = row;
    const own = at(lse.values, index);
    const p = z.map((one) => Math.exp(one - own));
    const others = p.reduce((total, one, i) => total + (i === target ? 0 : one), 0);
    const steep = 1 + 2 * zLoss * own;
    for (const [i, slope] of slopes.entries()) {
      const even = smoothing / z.length;
      // The target's: p − 1 is minus the sum of the others.
      const inner = i === target ? steep - 1 + smoothing - even - steep * others : steep * at(p, i) - even;
      dlogits.values[index * cols + i] = known ? factor * slope * inner : Number.NaN;
    }
  }
  return { dlogits };
}

/**
 * Cross-entropy of `x · weightᵀ + bias` with target tokens. x `[rows, c]`, weight `[v, c]`, bias `[v]`, targets
 * `[rows]` → losses and lse `[rows]`, loss and count `[1]`, as of {@link crossEntropy}.
 */
export function linearCrossEntropy(
  tensors: { x: Dense; weight: Dense; bias?: Dense | undefined; targets: Dense },
  chosen: CrossEntropyOptions = {},
): { losses: Dense; lse: Dense; loss: Dense; count: Dense } {
  const checks = { x: tensor, weight: tensor, bias: optionalTensor, targets: tensor };
  const { targets, ...product } = given("linearCrossEntropy", tensors, checks);
  return crossEntropy({ logits: matmul(product).y, targets }, chosen);
}

/**
 * The gradients of {@link linearCrossEntropy}: `dx = dz · weight`, `dweight = dzᵀ · x` and dbias the sums of dz over
 * rows, with dz that of the logits. lse `[rows]` and count `[1]` as it returns them, dloss `[1]` → dx `[rows, c]`,
 * dweight `[v, c]`, dbias `[v]` where there is a bias.
 */
export function linearCrossEntropyBackward(
  tensors: {
    x: Dense;
    weight: Dense;
    bias?: Dense | undefined;
    targets: Dense;
    lse: Dense;
    count: Dense;
    dloss: Dense;
  },
  chosen: CrossEntropyOptions = {},
): { dx: Dense; dweight: Dense; dbias?: Dense } {
  const checks = {
    x: tensor,
    weight: tensor,
    bias: optionalTensor,
    targets: tensor,
    lse: tensor,
    count: tensor,
    dloss: tensor,
  };
  const { x, weight, bias, ...rest } = given("linearCrossEntropyBackward", tensors, checks);
  const { dlogits } = crossEntropyBackward({ ...rest, logits: matmul({ x, weight, bias }).y }, chosen);
  return {
    dx: gemm({ a: dlogits, b: weight }).y,
    dweight: gemm({ a: transpose({ x: dlogits }, { order: [1, 0] }).y, b: x }).y,
    ...(bias && { dbias: sum({ x: dlogits }, { axis: 0 }).y }),
  };
}
