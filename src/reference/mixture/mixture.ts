import { type Checks, integer, listOf, oneOf, required, size } from "../../options/checks.ts";
import { swiglu } from "../activation.ts";
import { given, optionalTensor, read, tensor } from "../arguments.ts";
import { at, axes, type Dense, dense, dot } from "../dense.ts";
import { expertsOfSlots } from "./routing.ts";

/** The position of a slot without an expert. */
export const NO_POSITION = 0xffffffff;

/** The slots of a batch sorted by expert; see {@link align}. */
export interface Alignment {
  /** Number of slots of each expert; e numbers. */
  readonly counts: readonly number[];
  /** Where each expert's slots begin, and where the last one's end: e + 1 multiples of the block. */
  readonly offsets: readonly number[];
  /** Ids of slots, an expert's own in ascending order; the number of slots, t · k, is padding. */
  readonly slots: readonly number[];
  /** The expert of each block. */
  readonly blockExperts: readonly number[];
  /** Index of each slot in `slots`; {@link NO_POSITION} where it has no expert. t · k numbers. */
  readonly positions: readonly number[];
}

/**
 * Sorts the slots by expert, each expert's padded to a multiple of `block`, so that a block has one expert and an
 * expert without slots has no block (MegaBlocks, Gale et al. 2022, section 5; vLLM's moe_align_block_size). experts
 * `[t, k]` of ids below `count`, others being "no expert". Slot t · k + i is choice i of token t. Throws a RangeError
 * for an id that is not a non-negative integer.
 */
export function align(tensors: { experts: Dense }, options: { count: number; block: number }): Alignment {
  const { experts } = given("align", tensors, { experts: tensor });
  const { count, block } = given("align", options, { count: required(size), block: required(integer(1)) });
  const ids = expertsOfSlots("align", experts);
  const counts: number[] = [];
  const offsets = [0];
  const slots: number[] = [];
  const blockExperts: number[] = [];
  const positions = ids.map(() => NO_POSITION);
  for (let expert = 0; expert < count; expert++) {
    const before = slots.length;
    for (const [slot, id] of ids.entries()) {
      if (id !== expert) continue;
      positions[slot] = slots.length;
      slots.push(slot);
    }
    counts.push(slots.length - before);
    while (slots.length % block !== 0) slots.push(ids.length);
    while (blockExperts.length * block < slots.length) blockExperts.push(expert);
    offsets.push(slots.length);
  }
  return { counts, offsets, slots, blockExperts, positions };
}

const sizes = required(listOf(size));

/** The share of the aligned slots that are not padding; 1 where there are no slots. */
export function paddingEfficiency(alignment: Pick<Alignment, "counts" | "offsets">): number {
  const { counts, offsets } = read("paddingEfficiency", alignment, { counts: sizes, offsets: sizes });
  const padded = offsets.at(-1) ?? 0;
  return padded === 0 ? 1 : counts.reduce((sum, count) => sum + count, 0) / padded;
}

/** The busiest expert's slots over the mean: 1 in perfect balance, and where there are no slots. */
export function imbalance(alignment: Pick<Alignment, "counts">): number {
  const { counts } = read("imbalance", alignment, { counts: sizes });
  const sum = counts.reduce((all, count) => all + count, 0);
  return sum === 0 ? 1 : Math.max(...counts) / (sum / counts.length);
}

const sigmoid = (u: number): number => 1 / (1 + Math.exp(-u));

/** gpt-oss's SwiGLU, from its published code: `(u + 1) · g · sigmoid(1.702 g)`, g at most 7 and u within ±7. */
function clampedSwiglu({ gate, up }: { gate: Dense; up: Dense }): { y: Dense } {
  const y = gate.values.map((value, i) => {
    const g = Math.min(value, 7);
    const u = Math.max(-7, Math.min(at(up.values, i), 7));
    return (u + 1) * g * sigmoid(1.702 * g);
  });
  return { y: dense(gate.shape, y) };
}

const ACTIVATIONS = { swiglu, "clamped-swiglu": clampedSwiglu };

/** The tensors of {@link mixture}. */
interface MixtureTensors {
  x: Dense;
  experts: Dense;
  weights: Dense;
  gateUp: Dense;
  down: Dense;
  gateUpBias?: Dense | undefined;
  downBias?: Dense | undefined;
}

const tensorChecks: Checks<MixtureTensors> = {
  x: tensor,
  experts: tensor,
  weights: tensor,
  gateUp: tensor,
  down: tensor,
  gateUpBias: optionalTensor,
  downBias: optionalTensor,
};

/**
 * A mixture of feed-forward experts (Shazeer et al. 2017, eq. 1):
 * `y[t] = Σᵢ weights[t, i] · (down · activation(gate · x[t], up · x[t]) + downBias)`, matrices and biases being those
 * of expert `experts[t, i]`, summed in order of i.
 *
 * x `[t, c]`, experts `[t, k]`, weights `[t, k]`, gateUp `[e · 2f, c]`, gateUpBias `[e · 2f]` (none: 0), down
 * `[e · c, f]`, downBias `[e · c]` (none: 0) → y `[t, c]`. Row `e · 2f + 2j` of gateUp is row j of expert e's gate, row
 * `e · 2f + 2j + 1` that of its up. A choice whose id is the number of experts or more adds nothing, regardless of its
 * weight.
 *
 * Activation "swiglu" is `silu(g) · u` (Shazeer 2020, eq. 5); "clamped-swiglu" is gpt-oss's
 * `(u + 1) · g · sigmoid(1.702 g)` with g at most 7 and u within ±7.
 *
 * Throws a RangeError for shapes that do not match, and for an id that is not a non-negative integer.
 */
export function mixture(tensors: MixtureTensors, options: { activation: "swiglu" | "clamped-swiglu" }): { y: Dense } {
  const { x, experts, weights, gateUp, down, gateUpBias, downBias } = given("mixture", tensors, tensorChecks);
  const { activation } = given("mixture", options, { activation: required(oneOf(...Object.keys(ACTIVATIONS))) });
  const patterns = { x: "t c", experts: "t k", weights: "t k", gateUp: "inputs c", down: "outputs f" } as const;
  const { t, c, k, f, inputs, outputs } = axes("mixture", { x, experts, weights, gateUp, down }, patterns);
  const count = outputs / c;
  if (!Number.isInteger(count) || inputs !== count * 2 * f) {
    const expected = `[e · ${2 * f}, ${c}] and [e · ${c}, ${f}] of as many experts e (c from x, f from down)`;
    throw new RangeError(`mixture: gateUp and down have ${inputs} and ${outputs} rows, expected ${expected}`);
  }
  if (gateUpBias) axes("mixture", { gateUp, gateUpBias }, { gateUp: "inputs c", gateUpBias: "inputs" });
  if (downBias) axes("mixture", { down, downBias }, { down: "outputs f", downBias: "outputs" });

  const ids = expertsOfSlots("mixture", experts);
  const gateUpRow = (token: number, row: number): number =>
    dot(x.values, token * c, gateUp.values, row * c, c) + (gateUpBias ? at(gateUpBias.values, row) : 0);
  const y = dense([t, c]);
  for (const [slot, expert] of ids.entries()) {
    if (expert >= count) continue;
    const token = Math.floor(slot / k);
    const gate = dense([f]);
    const up = dense([f]);
    for (let j = 0; j < f; j++) {
      gate.values[j] = gateUpRow(token, expert * 2 * f + 2 * j);
      up.values[j] = gateUpRow(token, expert * 2 * f + 2 * j + 1);
    }
    const hidden = ACTIVATIONS[activation]({ gate, up }).y;
    for (let j = 0; j < c; j++) {
      const row = expert * c + j;
      const output = dot(hidden.values, 0, down.values, row * f, f) + (downBias ? at(downBias.values, row) : 0);
      y.values[token * c + j] = at(y.values, token * c + j) + at(weights.values, slot) * output;
    }
  }
  return { y };
}
