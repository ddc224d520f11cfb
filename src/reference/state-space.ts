import { given, optionalTensor, tensor } from "./arguments.ts";
import {
  formCheck,
  type LinearRecurrence,
  linearRecurrence,
  linearRecurrenceBackward,
  type RecurrenceForm,
} from "./attention/linear-recurrence.ts";
import { addScaled, at, axes, type Dense, dense, dot, lengthOf, sizeOf } from "./dense.ts";

/** The tensors of {@link stateSpace}. */
export interface StateSpaceTensors {
  /** `[batch, h, t, p]` */
  readonly x: Dense;
  /** Steps in time, after their softplus, `[batch, h, t]`. */
  readonly dt: Dense;
  /** Rates, negative, `[h]`: a step multiplies the state by `e^{dt a}`. */
  readonly a: Dense;
  /** How x enters the state, `[batch, groups, t, n]`; head i reads group floor(i · groups / h), and groups divides h. */
  readonly b: Dense;
  /** How the state is read, `[batch, groups, t, n]`. */
  readonly c: Dense;
  /** Factors of x in y, `[h]`; default 0. */
  readonly d?: Dense | undefined;
  /** The state before the first token, `[batch, h, n, p]`; default zeros. */
  readonly state?: Dense | undefined;
  /**
   * Ids of documents, `[batch, t]`: before a token whose id is not that of the token before it, the state is zeros. The
   * first token goes on from the given state. An id does not come back.
   */
  readonly documents?: Dense | undefined;
}

/** The gradients of results that {@link stateSpaceBackward} starts from; absent ones are zeros. */
export interface StateSpaceGradients {
  /** `[batch, h, t, p]` */
  readonly dy?: Dense | undefined;
  /** That of the last state, `[batch, h, n, p]`. */
  readonly dstate?: Dense | undefined;
}

const checks = {
  x: tensor,
  dt: tensor,
  a: tensor,
  b: tensor,
  c: tensor,
  d: optionalTensor,
  state: optionalTensor,
  documents: optionalTensor,
} as const;

/** The recurrence of checked tensors: keys b, queries c, values x, weighted by dt, with the log decay dt · a. */
function recurrenceOf(operation: string, tensors: StateSpaceTensors): LinearRecurrence {
  const { x, dt, a, b, c, d, state, documents } = tensors;
  const patterns = { x: "batch h t p", dt: "batch h t", a: "h", b: "batch groups t n", c: "batch groups t n" } as const;
  const { h, t, groups } = axes(operation, { x, dt, a, b, c }, patterns);
  if (h % groups !== 0) throw new RangeError(`${operation}: ${h} heads (x) do not divide among ${groups} groups (b)`);
  if (d) axes(operation, { a, d }, { a: "h", d: "h" });
  if (state) axes(operation, { x, b, state }, { x: "batch h t p", b: "batch groups t n", state: "batch h n p" });
  if (documents) axes(operation, { x, documents }, { x: "batch h t p", documents: "batch t" });
  const logs = dt.values.map((step, i) => step * at(a.values, Math.floor(i / t) % h));
  return { q: c, k: b, v: x, beta: dt, g: dense(dt.shape, logs), state, documents, scale: 1, reads: false };
}

/**
 * The state space of Mamba-2 (Dao and Gu 2024, state-space duality). For each token `S ← e^{dt a} S + b (dt x)ᵀ`, and
 * then `y = Sᵀ c + d x`. Recurrent: token by token. Quadratic: from all pairs of up to 1,024 tokens, as attention with
 * the weights `(c · b) e^{Σ dt a}` without a softmax. Y `[batch, h, t, p]` and the last state `[batch, h, n, p]`.
 */
export function stateSpace(tensors: StateSpaceTensors, options: RecurrenceForm = {}): { y: Dense; state: Dense } {
  const found = given("stateSpace", tensors, checks);
  const { form } = given("stateSpace", options, { form: formCheck });
  const { out, state } = linearRecurrence("stateSpace", recurrenceOf("stateSpace", found), form);
  if (found.d) addHeads(out, found.d, found.x);
  return { y: out, state };
}

/** Adds x to sums of its shape, `[batch, h, …]`, times the factor of each head. */
function addHeads(sums: Dense, factors: Dense, x: Dense): void {
  const [heads, size] = [factors.values.length, sizeOf(x.shape.slice(2))];
  for (let row = 0; row < lengthOf(x.shape, 0) * heads; row++) {
    const own = sums.values.subarray(row * size, (row + 1) * size);
    addScaled(own, at(factors.values, row % heads), x.values, row * size);
  }
}

/** The sum of products `left · right`, both `[batch, h, …]`, of each head: `[h]`. */
function sumHeads(left: Dense, right: Dense): Dense {
  const [heads, size] = [lengthOf(left.shape, 1), sizeOf(left.shape.slice(2))];
  const sums = dense([heads]);
  for (let row = 0; row < lengthOf(left.shape, 0) * heads; row++) {
    const own = dot(left.values, row * size, right.values, row * size, size);
    sums.values[row % heads] = at(sums.values, row % heads) + own;
  }
  return sums;
}

/**
 * Gradients of {@link stateSpace} by backpropagation through its tokens: that of the first state in `dstate`, and `dd`
 * where d is given. Those of b and c are sums over the heads of a group.
 */
export function stateSpaceBackward(all: StateSpaceTensors & StateSpaceGradients): {
  dx: Dense;
  ddt: Dense;
  da: Dense;
  db: Dense;
  dc: Dense;
  dd?: Dense;
  dstate: Dense;
} {
  const operation = "stateSpaceBackward";
  const { dy, dstate, ...tensors } = given(operation, all, { ...checks, dy: optionalTensor, dstate: optionalTensor });
  const { x, dt, a, b, d } = tensors;
  const recurrence = recurrenceOf(operation, tensors);
  if (dy) axes(operation, { x, dy }, { x: "batch h t p", dy: "batch h t p" });
  if (dstate) axes(operation, { x, b, dstate }, { x: "batch h t p", b: "batch groups t n", dstate: "batch h n p" });
  const found = linearRecurrenceBackward(recurrence, { dout: dy, dstate });
  const { dv: dx, dbeta: ddt, dg } = found;
  const dlogs = dg ?? dense(dt.shape);
  addHeads(ddt, a, dlogs);
  if (d && dy) addHeads(dx, d, dy);
  return {
    dx,
    ddt,
    da: sumHeads(dlogs, dt),
    db: found.dk,
    dc: found.dq,
    ...(d ? { dd: dy ? sumHeads(dy, x) : dense(d.shape) } : {}),
    dstate: found.dstate,
  };
}
