import { boolean, fieldsOf, finite } from "../../options/checks.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tensorFields } from "../define/arguments.ts";
import { defineOp } from "../define/op.ts";
import { asContiguous } from "../layout/contiguous.ts";
import { l2Normalise } from "../norm/l2-normalise.ts";
import type { InPlace, RecurrenceProblem } from "./kernels.ts";
import { checkShapes, orderFor, type RecurrenceUpstream, variantsBy } from "./problem.ts";

/** The tensors of the delta rule, f32 unless said; they may be views. */
export interface DeltaRuleTensors {
  /** Queries `[b, h, t, d]`. */
  readonly q: Tensor;
  /** Keys `[b, h, t, d]`. For a stable state beta · |k|² is at most 2. */
  readonly k: Tensor;
  /** Values `[b, hv, t, dv]`; h divides hv. */
  readonly v: Tensor;
  /** How much of the error is written, `[b, hv, t]`, 0 to 1, or to 2. */
  readonly beta: Tensor;
  /** Logarithms of decays, 0 or less: `[b, hv, t]`, or `[b, hv, t, d]` for each row of the state; default none. */
  readonly g?: Tensor | undefined;
  /** The state before the first token, `[b, hv, d, dv]`; default zeros. */
  readonly state?: Tensor | undefined;
  /**
   * The sequence of each token, u32 `[b, t]`, of several that are one after the other: each begins with a state of
   * zeros, but that of the first token, which goes on from `state`. The number of a sequence does not come back after
   * another.
   */
  readonly documents?: Tensor | undefined;
}

/** Options of the delta rule. */
export interface DeltaRuleOptions extends InPlace {
  /**
   * Queries and keys are divided by their length: x / √(Σ x² + 10⁻⁶), as models have it.
   * @defaultValue false
   */
  readonly normalise?: boolean | undefined;
  /**
   * Factor of queries.
   * @defaultValue d^-½
   */
  readonly scale?: number | undefined;
}

/** A result of the delta rule. */
export interface DeltaRuleResult {
  /** `[b, hv, t, dv]` */
  readonly out: Tensor;
  /** The state after the last token, `[b, hv, d, dv]`. */
  readonly state: Tensor;
}

/** Added to the square of a length: 10⁻⁶. */
export const lengthEps = 1e-3;

/** Checks the shapes of a call, and of upstream gradients. Throws `ShapeError`. */
export function checkDeltaRule(op: string, tensors: DeltaRuleTensors & RecurrenceUpstream): void {
  checkShapes(
    op,
    {
      q: "[b, h, t, d]",
      k: "[b, h, t, d]",
      v: "[b, hv, t, dv]",
      beta: "[b, hv, t]",
      g: tensors.g?.shape.length === 4 ? "[b, hv, t, d]" : "[b, hv, t]",
      state: "[b, hv, d, dv]",
      documents: "[b, t]",
      dout: "[b, hv, t, dv]",
      dstate: "[b, hv, d, dv]",
    },
    tensors,
    ["h", "hv"],
  );
}

/** What the kernels are specialised for. */
export function deltaRuleProblem({ q, g }: DeltaRuleTensors, { scale, inPlace }: DeltaRuleOptions): RecurrenceProblem {
  const gates = g ? (g.shape.length === 4 ? "channel" : "head") : "none";
  return { gates, reads: true, scale: scale ?? 1 / Math.sqrt(Math.max(1, q.shape[3] ?? 0)), inPlace };
}

const variants = /* @__PURE__ */ variantsBy<DeltaRuleTensors, DeltaRuleOptions, DeltaRuleResult>({
  check: (tensors) => checkDeltaRule("deltaRule", tensors),
  tensorsOf: (tensors) => tensors,
  problemOf: deltaRuleProblem,
  record: (gpu, { tensors, options }, run) => {
    if (!options.normalise) return run(tensors);
    using scope = gpu.scope();
    const unit = (x: Tensor) => l2Normalise(gpu, { x: asContiguous(gpu, x) }, { eps: lengthEps }).y;
    const { out, state } = run({ ...tensors, q: unit(tensors.q), k: unit(tensors.k) });
    return { out: scope.keep(out), state: scope.keep(state) };
  },
});

/** The checks of {@link DeltaRuleOptions} that the gradient has, too. */
export const deltaRuleChecks = { normalise: boolean, scale: finite } as const;

/**
 * The delta rule: a state of d × dv numbers for each head is decayed, corrected at a key and read at a query, token by
 * token, `state = e^g · state; state += k ⊗ beta · (v − stateᵀ · k); out = scale · stateᵀ · q` (Schlag et al. 2021;
 * with a gate for each head Yang et al. 2024, gated DeltaNet, in Qwen3-Next; with one for each row of the state Kimi
 * Delta Attention, 2025). Its work grows with the length, its memory does not. q, k `[b, h, t, d]`, v `[b, hv, t, dv]`,
 * beta `[b, hv, t]` → out `[b, hv, t, dv]`, state `[b, hv, d, dv]`, with which the next call goes on. Value head i
 * reads key head floor(i · h / hv); d is at most 256. A decay below e^-30 counts as that. `recurrent` goes token by
 * token, `subgroups`, too, with more threads; `chunks` takes 16 tokens at once.
 *
 * @throws ShapeError for shapes that do not fit; OptionError for other options.
 */
export const deltaRule = /* @__PURE__ */ defineOp<DeltaRuleTensors, DeltaRuleOptions, DeltaRuleResult, typeof variants>(
  {
    name: "deltaRule",
    variants,
    order: ({ q }, _options, gpu) => orderFor(q.shape[2] ?? 0, gpu),
  },
  {
    tensors: tensorFields("q", "k", "v", "beta", "g?", "state?", "documents?"),
    options: /* @__PURE__ */ fieldsOf<DeltaRuleOptions>({ ...deltaRuleChecks, inPlace: boolean }),
  },
);
