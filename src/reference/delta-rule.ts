import { boolean, finite } from "../options/checks.ts";
import { formatShape } from "../tensor/shape.ts";
import { given, optionalTensor, tensor } from "./arguments.ts";
import {
  formCheck,
  type LinearRecurrence,
  linearRecurrence,
  linearRecurrenceBackward,
  type RecurrenceForm,
} from "./attention/linear-recurrence.ts";
import { axes, type Dense } from "./dense.ts";
import { l2Normalise, l2NormaliseBackward } from "./norm.ts";

/** The tensors of {@link deltaRule}. */
export interface DeltaRuleTensors {
  /** Queries, `[b, h, t, d]`. */
  readonly q: Dense;
  /** Keys, `[b, h, t, d]`. */
  readonly k: Dense;
  /** `[b, hv, t, dv]`; value head i reads key head floor(i · h / hv), and h divides hv. */
  readonly v: Dense;
  /** How much of its error a token corrects, `[b, hv, t]`. */
  readonly beta: Dense;
  /** The log decay before each token, `[b, hv, t]` for the whole state, or `[b, hv, t, d]` for its rows; default 0. */
  readonly g?: Dense | undefined;
  /** The state before the first token, `[b, hv, d, dv]`; default zeros. */
  readonly state?: Dense | undefined;
  /**
   * Ids of documents, `[b, t]`: before a token whose id is not that of the token before it, the state is zeros. The
   * first token goes on from the given state. An id does not come back.
   */
  readonly documents?: Dense | undefined;
}

/** The gradients of results that {@link deltaRuleBackward} starts from; absent ones are zeros. */
export interface DeltaRuleGradients {
  /** `[b, hv, t, dv]` */
  readonly dout?: Dense | undefined;
  /** That of the last state, `[b, hv, d, dv]`. */
  readonly dstate?: Dense | undefined;
}

/** Options of {@link deltaRule}. */
export interface DeltaRuleOptions {
  /** Whether q and k are first multiplied by `1 / √(Σ x² + 10⁻⁶)` of their rows; default false. */
  readonly normalise?: boolean | undefined;
  /** Factor of the queries; default d^−½. */
  readonly scale?: number | undefined;
}

const checks = {
  q: tensor,
  k: tensor,
  v: tensor,
  beta: tensor,
  g: optionalTensor,
  state: optionalTensor,
  documents: optionalTensor,
} as const;
const optionChecks = { normalise: boolean, scale: finite } as const;

/** Added under the root is its square. */
const norm = { eps: 1e-3 };

/** The recurrence of checked tensors, with normalised keys and queries. */
function recurrenceOf(operation: string, tensors: DeltaRuleTensors, options: DeltaRuleOptions): LinearRecurrence {
  const { q, k, v, beta, g, state, documents } = tensors;
  const patterns = { q: "b h t d", k: "b h t d", v: "b hv t dv", beta: "b hv t" } as const;
  const { h, hv, d } = axes(operation, { q, k, v, beta }, patterns);
  if (hv % h !== 0) throw new RangeError(`${operation}: ${hv} value heads (v) do not divide among ${h} key heads (k)`);
  if (g && g.shape.length !== 3 && g.shape.length !== 4) {
    throw new RangeError(`${operation}: g is ${formatShape(g.shape)}, expected [b, hv, t] or [b, hv, t, d]`);
  }
  if (g)
    axes(operation, { q, v, g }, { q: "b h t d", v: "b hv t dv", g: g.shape.length === 3 ? "b hv t" : "b hv t d" });
  if (state) axes(operation, { q, v, state }, { q: "b h t d", v: "b hv t dv", state: "b hv d dv" });
  if (documents) axes(operation, { q, documents }, { q: "b h t d", documents: "b t" });
  const { normalise = false, scale = 1 / Math.sqrt(d) } = options;
  const unit = (x: Dense) => (normalise ? l2Normalise({ x }, norm).y : x);
  return { q: unit(q), k: unit(k), v, beta, g, state, documents, scale, reads: true };
}

/**
 * The delta rule (Widrow and Hoff 1960; Schlag et al. 2021): a state that is corrected by the error of what it says of
 * each key. For each token `S ← e^g S`, `S ← S + k (beta (v − Sᵀ k))ᵀ`, and then `out = scale · Sᵀ q`. With a gate a
 * head it is gated DeltaNet (Yang et al. 2024), with one a channel Kimi Delta Attention (2025). A g of −∞ forgets all.
 *
 * Recurrent: token by token. Quadratic: from all pairs of up to 1,024 tokens, `(I + L) U = beta (V − e^G K S)` by
 * forward substitution (Yang et al. 2024, WY form). Out `[b, hv, t, dv]` and the last state `[b, hv, d, dv]`.
 */
export function deltaRule(
  tensors: DeltaRuleTensors,
  options: DeltaRuleOptions & RecurrenceForm = {},
): { out: Dense; state: Dense } {
  const found = given("deltaRule", tensors, checks);
  const { form, ...rest } = given("deltaRule", options, { ...optionChecks, form: formCheck });
  return linearRecurrence("deltaRule", recurrenceOf("deltaRule", found, rest), form);
}

/**
 * Gradients of {@link deltaRule} by backpropagation through its tokens, of the keys and queries before they are
 * normalised: that of the first state in `dstate`, and `dg` where g is given. Those of ids of documents are none.
 */
export function deltaRuleBackward(
  all: DeltaRuleTensors & DeltaRuleGradients,
  options: DeltaRuleOptions = {},
): { dq: Dense; dk: Dense; dv: Dense; dbeta: Dense; dg?: Dense; dstate: Dense } {
  const operation = "deltaRuleBackward";
  const { dout, dstate, ...tensors } = given(operation, all, {
    ...checks,
    dout: optionalTensor,
    dstate: optionalTensor,
  });
  const { q, k, v } = tensors;
  const recurrence = recurrenceOf(operation, tensors, given(operation, options, optionChecks));
  if (dout) axes(operation, { v, dout }, { v: "b hv t dv", dout: "b hv t dv" });
  if (dstate) axes(operation, { q, v, dstate }, { q: "b h t d", v: "b hv t dv", dstate: "b hv d dv" });
  const { dq, dk, ...rest } = linearRecurrenceBackward(recurrence, { dout, dstate });
  const through = (x: Dense, dy: Dense) => (options.normalise ? l2NormaliseBackward({ x, dy }, norm).dx : dy);
  return { dq: through(q, dq), dk: through(k, dk), ...rest };
}
