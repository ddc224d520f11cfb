import { recurrentBackward } from "../../kernels/recurrent/backward.ts";
import type { RecurrentOptions } from "../../kernels/recurrent/problem.ts";
import { recurrent } from "../../kernels/recurrent/recurrent.ts";
import * as reference from "../../reference/models/recurrent.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { type Case, type CaseInput, type CaseTable, requirementsOf, variantsOf } from "../case-table.ts";
import { normal } from "../random.ts";

type Inputs = "x" | "weightIh" | "weightHh" | "biasIh?" | "biasHh?" | "state?" | "cell?" | "lengths?";
type Upstream = "dout?" | "dstate?" | "dcell?";

interface Sizes {
  readonly b: number;
  readonly t: number;
  readonly i: number;
  readonly h: number;
}

interface Given {
  readonly lengths?: readonly number[];
  readonly biases?: boolean;
  readonly start?: boolean;
  readonly reverse?: boolean;
  /** Factor of the weights of the state; above 1 / √h a plain cell forgets nothing. */
  readonly scale?: number;
  readonly reset?: RecurrentOptions["reset"] | undefined;
}

const gates = { lstm: 4, gru: 3, rnn: 1 } as const;

/** A problem of these sizes, with random inputs. */
export function recurrentShape(
  name: string,
  cell: RecurrentOptions["cell"],
  { b, t, i, h }: Sizes,
  { lengths, biases = true, start = true, reverse = false, scale = 1, reset }: Given = {},
): Case<Inputs, RecurrentOptions> {
  let seed = 0;
  const random = (shape: readonly number[], factor = 1): CaseInput => ({
    shape,
    values: normal(sizeOf(shape), ++seed, factor),
  });
  const rows = gates[cell] * h;
  return {
    name: `${cell}, ${reset === "before" ? "reset before the product, " : ""}${name}`,
    inputs: {
      x: random([b, t, i]),
      weightIh: random([rows, i], 1 / Math.sqrt(i)),
      weightHh: random([rows, h], scale / Math.sqrt(h)),
      ...(biases ? { biasIh: random([rows], 0.5), biasHh: random([rows], 0.5) } : {}),
      ...(start ? { state: random([b, h], 0.5) } : {}),
      ...(start && cell === "lstm" ? { cell: random([b, h]) } : {}),
      ...(lengths ? { lengths: { shape: [b], values: lengths, dtype: "u32" } } : {}),
    },
    options: { cell, reverse, ...(reset ? { reset } : {}) },
  };
}

const ragged = { lengths: [3, 7, 0, 1, 99], reverse: true } as const; // a row without tokens, one beyond t

const cases = [
  recurrentShape("one of everything", "rnn", { b: 1, t: 1, i: 1, h: 1 }),
  recurrentShape("one of everything", "gru", { b: 1, t: 1, i: 1, h: 1 }),
  recurrentShape("one of everything", "lstm", { b: 1, t: 1, i: 1, h: 1 }),
  recurrentShape("odd sizes", "rnn", { b: 3, t: 6, i: 5, h: 7 }),
  recurrentShape("odd sizes", "gru", { b: 3, t: 6, i: 5, h: 7 }),
  recurrentShape("odd sizes", "lstm", { b: 3, t: 6, i: 5, h: 7 }),
  recurrentShape("rows of several lengths, in reverse", "rnn", { b: 5, t: 7, i: 3, h: 8 }, ragged),
  recurrentShape("rows of several lengths, in reverse", "gru", { b: 5, t: 7, i: 3, h: 8 }, ragged),
  recurrentShape("rows of several lengths, in reverse", "lstm", { b: 5, t: 7, i: 3, h: 8 }, ragged),
  recurrentShape("rows of several lengths", "lstm", { b: 5, t: 7, i: 3, h: 8 }, { lengths: ragged.lengths }),
  recurrentShape("no biases, from zeros", "gru", { b: 2, t: 5, i: 4, h: 6 }, { biases: false, start: false }),
  recurrentShape("groups of rows, the last not whole", "gru", { b: 18, t: 4, i: 3, h: 5 }),
  recurrentShape("a weight larger than workgroup memory", "lstm", { b: 2, t: 3, i: 6, h: 70 }),
  recurrentShape("several units a thread", "rnn", { b: 1, t: 2, i: 3, h: 300 }),
  recurrentShape("one of everything", "gru", { b: 1, t: 1, i: 1, h: 1 }, { reset: "before" }),
  recurrentShape("odd sizes", "gru", { b: 3, t: 6, i: 5, h: 7 }, { reset: "before" }),
  recurrentShape(
    "rows of several lengths, in reverse",
    "gru",
    { b: 5, t: 7, i: 3, h: 8 },
    { ...ragged, reset: "before" },
  ),
  recurrentShape(
    "no biases, from zeros",
    "gru",
    { b: 2, t: 5, i: 4, h: 6 },
    { biases: false, start: false, reset: "before", scale: 4 },
  ),
  recurrentShape("groups of rows, the last not whole", "gru", { b: 6, t: 4, i: 3, h: 5 }, { reset: "before" }),
  recurrentShape("a weight larger than workgroup memory", "gru", { b: 2, t: 3, i: 6, h: 70 }, { reset: "before" }),
  recurrentShape("several units a thread", "gru", { b: 1, t: 2, i: 3, h: 300 }, { reset: "before" }),
  recurrentShape("large weights: gates saturate", "lstm", { b: 2, t: 8, i: 3, h: 9 }, { scale: 8 }),
];

/** Recurrent layers in one direction. */
export const recurrentCases: CaseTable<
  Inputs,
  "out" | "state" | "cell?",
  RecurrentOptions,
  keyof typeof recurrent.variants
> = {
  op: "recurrent",
  variants: variantsOf(recurrent),
  requires: (variant) => requirementsOf(recurrent, variant),
  reference: reference.recurrent,
  run: (gpu, tensors, { into: _, ...options }, variant) => recurrent(gpu, tensors, { ...options, variant }),
  canaries: false,
  cases,
};

/** The same with gradients of its results. */
export function withUpstream({
  inputs,
  ...item
}: Case<Inputs, RecurrentOptions>): Case<Inputs | Upstream, RecurrentOptions> {
  const [b = 0, t = 0] = inputs.x.shape;
  const h = inputs.weightHh.shape[1] ?? 0;
  const random = (shape: readonly number[], seed: number) => ({ shape, values: normal(sizeOf(shape), seed) });
  return {
    ...item,
    inputs: {
      ...inputs,
      dout: random([b, t, h], 21),
      dstate: random([b, h], 22),
      ...(item.options.cell === "lstm" ? { dcell: random([b, h], 23) } : {}),
    },
  };
}

/** Their gradients. */
export const recurrentBackwardCases: CaseTable<
  Inputs | Upstream,
  "dx" | "dweightIh" | "dweightHh" | "dbiasIh?" | "dbiasHh?" | "dstate" | "dcell?",
  RecurrentOptions,
  keyof typeof recurrentBackward.variants
> = {
  op: "recurrent/backward",
  variants: variantsOf(recurrentBackward),
  requires: (variant) => requirementsOf(recurrentBackward, variant),
  reference: reference.recurrentBackward,
  run: (gpu, tensors, { into: _, ...options }, variant) => {
    const { dout, dstate, dcell, ...forward } = tensors;
    const { out } = recurrent(gpu, forward, { ...options, variant: "steps" });
    const upstream = { ...(dout ? { dout } : {}), ...(dstate ? { dstate } : {}), ...(dcell ? { dcell } : {}) };
    const found = recurrentBackward(gpu, { ...forward, ...upstream, out }, { ...options, variant });
    return found as Required<typeof found>;
  },
  canaries: false,
  cases: cases.map(withUpstream),
};
