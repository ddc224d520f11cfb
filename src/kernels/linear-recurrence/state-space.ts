import { boolean, fieldsOf } from "../../options/checks.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { reshape } from "../../tensor/views.ts";
import { tensorFields } from "../define/arguments.ts";
import { defineOp } from "../define/op.ts";
import { add, mul } from "../elementwise/elementwise.ts";
import type { InPlace, RecurrenceProblem } from "./kernels.ts";
import { checkShapes, orderFor, type RecurrenceTensors, variantsBy } from "./problem.ts";

/** The tensors of a state space, f32 unless said; they may be views. */
export interface StateSpaceTensors {
  /** Inputs `[batch, h, t, p]`. */
  readonly x: Tensor;
  /** Steps of time `[batch, h, t]`, positive: after their softplus. */
  readonly dt: Tensor;
  /** `[h]`, negative: −exp of what models store. */
  readonly a: Tensor;
  /** What is written, `[batch, groups, t, n]`; groups divides h. */
  readonly b: Tensor;
  /** What is read, `[batch, groups, t, n]`. */
  readonly c: Tensor;
  /** Factors of the inputs that are added to the outputs, `[h]`; default none. */
  readonly d?: Tensor | undefined;
  /** The state before the first token, `[batch, h, n, p]`; default zeros. */
  readonly state?: Tensor | undefined;
  /** The sequence of each token, u32 `[batch, t]`, as of `deltaRule`. */
  readonly documents?: Tensor | undefined;
}

/** Options of a state space. */
export type StateSpaceOptions = InPlace;

/** A result of a state space. */
export interface StateSpaceResult {
  /** `[batch, h, t, p]` */
  readonly y: Tensor;
  /** The state after the last token, `[batch, h, n, p]`. */
  readonly state: Tensor;
}

/** Axes of the tensors, and of upstream gradients. */
export const stateSpacePatterns = {
  x: "[batch, h, t, p]",
  dt: "[batch, h, t]",
  a: "[h]",
  b: "[batch, groups, t, n]",
  c: "[batch, groups, t, n]",
  d: "[h]",
  state: "[batch, h, n, p]",
  documents: "[batch, t]",
  dy: "[batch, h, t, p]",
  dstate: "[batch, h, n, p]",
} as const;

/** The tensors by the names of a recurrence. */
export const recurrenceOf = ({ x, dt, a, b, c, state, documents }: StateSpaceTensors): RecurrenceTensors => ({
  q: c,
  k: b,
  v: x,
  beta: dt,
  a,
  state,
  documents,
});

/** What the kernels are specialised for. */
export const stateSpaceProblem: RecurrenceProblem = { gates: "step", reads: false, scale: 1 };

const variants = /* @__PURE__ */ variantsBy<StateSpaceTensors, StateSpaceOptions, StateSpaceResult>({
  check: (tensors) => checkShapes("stateSpace", stateSpacePatterns, tensors, ["groups", "h"]),
  tensorsOf: recurrenceOf,
  problemOf: (_tensors, { inPlace }) => ({ ...stateSpaceProblem, inPlace }),
  record: (gpu, { tensors }, run) => {
    using scope = gpu.scope();
    const { out, state } = run(tensors);
    const { x, d } = tensors;
    const y = d ? add(gpu, { a: out, b: mul(gpu, { a: x, b: reshape(d, [d.size, 1, 1]) }).y }).y : out;
    return { y: scope.keep(y), state: scope.keep(state) };
  },
});

/**
 * A state space whose decay is one number for each head and token (Mamba-2, Dao and Gu 2024, in Falcon-H1 and Granite
 * 4): `state = e^(dt · a) · state + b ⊗ dt · x; y = stateᵀ · c + d · x`, token by token. It is `deltaRule` without the
 * reading before the writing, in the same kernels. x `[batch, h, t, p]`, dt `[batch, h, t]`, a `[h]`, b, c `[batch,
 * groups, t, n]` → y `[batch, h, t, p]`, state `[batch, h, n, p]` (that of the paper, transposed). Head i reads group
 * floor(i · groups / h); n is at most 256. A token with dt 0 changes nothing: padding is given so.
 *
 * @throws ShapeError for shapes that do not fit; OptionError for other options.
 */
export const stateSpace = /* @__PURE__ */ defineOp<
  StateSpaceTensors,
  StateSpaceOptions,
  StateSpaceResult,
  typeof variants
>(
  { name: "stateSpace", variants, order: ({ x }, _options, gpu) => orderFor(x.shape[2] ?? 0, gpu) },
  {
    tensors: tensorFields("x", "dt", "a", "b", "c", "d?", "state?", "documents?"),
    options: fieldsOf<StateSpaceOptions>({ inPlace: boolean }),
  },
);
