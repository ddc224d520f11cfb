// A state that decays and takes in an outer product for each token: what delta rules and state spaces have in common.
import { oneOf } from "../../options/checks.ts";
import { addScaled, at, type Dense, dense, dot, lengthOf, sizeOf } from "../dense.ts";

/** How {@link linearRecurrence} is computed: token by token, or from all pairs of tokens. */
export interface RecurrenceForm {
  readonly form?: "recurrent" | "quadratic" | undefined;
}

/** The check of {@link RecurrenceForm}. */
export const formCheck = oneOf("recurrent", "quadratic");

/** What is done with keys and queries. */
interface Weighing {
  /** Factor of the queries. */
  readonly scale: number;
  /** Whether what the state says of the key is taken from the value first: the delta rule. */
  readonly reads: boolean;
}

/** Tensors of a linear recurrence. The caller has checked their shapes. */
export interface LinearRecurrence extends Weighing {
  /** `[b, h, t, d]` */
  readonly q: Dense;
  /** `[b, h, t, d]` */
  readonly k: Dense;
  /** `[b, hv, t, dv]`; value head i reads key head floor(i · h / hv). */
  readonly v: Dense;
  /** `[b, hv, t]` */
  readonly beta: Dense;
  /** Log decay, `[b, hv, t]` or `[b, hv, t, d]`; default 0. */
  readonly g?: Dense | undefined;
  /** `[b, hv, d, dv]`; default zeros. */
  readonly state?: Dense | undefined;
  /** Ids `[b, t]`: the state is zeros before a token whose id is not that of the token before it. */
  readonly documents?: Dense | undefined;
}

/** Tokens that the quadratic form takes at most. */
const mostTokens = 1024;

/** One value head: views of its rows. */
interface Head {
  readonly t: number;
  readonly d: number;
  readonly dv: number;
  /** Gates of a token: 1 or d. */
  readonly gates: number;
  readonly key: number;
  readonly value: number;
  readonly q: Float64Array;
  readonly k: Float64Array;
  readonly v: Float64Array;
  readonly beta: Float64Array;
  readonly g: Float64Array;
  readonly state: Float64Array;
  /** Whether the state is zeros before a token. */
  readonly starts: (token: number) => boolean;
}

/** The rows of one head of a batch row, where the first two axes are these. */
function rowsOf({ shape, values }: Dense, head: number): Float64Array {
  const size = sizeOf(shape.slice(2));
  return values.subarray(head * size, (head + 1) * size);
}

const stateShape = ({ q, v }: LinearRecurrence): readonly number[] => [
  ...v.shape.slice(0, 2),
  lengthOf(q.shape, 3),
  lengthOf(v.shape, 3),
];

function* headsOf({ q, k, v, beta, g, documents }: LinearRecurrence, state: Dense): Generator<Head> {
  const [h, t, d] = [lengthOf(q.shape, 1), lengthOf(q.shape, 2), lengthOf(q.shape, 3)];
  const [b, hv, dv] = [lengthOf(v.shape, 0), lengthOf(v.shape, 1), lengthOf(v.shape, 3)];
  for (let value = 0; value < b * hv; value++) {
    const batch = Math.floor(value / hv);
    const key = batch * h + Math.floor(((value % hv) * h) / hv);
    const ids = documents?.values.subarray(batch * t, (batch + 1) * t);
    yield {
      t,
      d,
      dv,
      gates: g?.shape.length === 4 ? d : 1,
      key,
      value,
      q: rowsOf(q, key),
      k: rowsOf(k, key),
      v: rowsOf(v, value),
      beta: rowsOf(beta, value),
      g: g ? rowsOf(g, value) : new Float64Array(t),
      state: rowsOf(state, value),
      starts: (token) => ids !== undefined && token > 0 && at(ids, token) !== at(ids, token - 1),
    };
  }
}

/** Multiplies a state by the decay of a token, or makes it zeros where a document starts. */
function decay({ d, dv, gates, g, starts }: Head, state: Float64Array, token: number): void {
  if (starts(token)) {
    state.fill(0);
    return;
  }
  for (let c = 0; c < d; c++) {
    const factor = Math.exp(at(g, token * gates + (gates === 1 ? 0 : c)));
    for (let j = c * dv; j < (c + 1) * dv; j++) state[j] = at(state, j) * factor;
  }
}

/** The sum of the rows of a state by factors: `stateᵀ · factors`. */
function readState({ d, dv }: Head, state: Float64Array, factors: Float64Array, start: number): Float64Array {
  const sums = new Float64Array(dv);
  for (let c = 0; c < d; c++) addScaled(sums, at(factors, start + c), state, c * dv);
  return sums;
}

/** Adds `factors ⊗ written` to a state. */
function addOuter({ d, dv }: Head, state: Float64Array, factors: Float64Array, start: number, written: Float64Array) {
  for (let c = 0; c < d; c++) addScaled(state.subarray(c * dv, (c + 1) * dv), at(factors, start + c), written, 0);
}

/** Writes a token into a decayed state. The value less what the state said, and that times beta. */
function write(head: Head, state: Float64Array, token: number, reads: boolean) {
  const { d, dv, k, v, beta } = head;
  const error = v.slice(token * dv, (token + 1) * dv);
  if (reads) addScaled(error, -1, readState(head, state, k, token * d), 0);
  const written = error.map((value) => at(beta, token) * value);
  addOuter(head, state, k, token * d, written);
  return { error, written };
}

/** Token by token. The state becomes the last one. */
function recurrent(head: Head, out: Float64Array, { reads, scale }: Weighing): void {
  const { t, d, dv, q, state } = head;
  for (let token = 0; token < t; token++) {
    decay(head, state, token);
    write(head, state, token, reads);
    addScaled(out.subarray(token * dv, (token + 1) * dv), scale, readState(head, state, q, token * d), 0);
  }
}

/**
 * What is left at token i of each token j up to it, in element (j + 1) · gates, and of the given state in element 0. A
 * decay is the exponential of a difference of cumulative sums of g: the sum of what lies between, so that nothing
 * cancels, and −∞ − (−∞) does not occur.
 */
function decaysAt({ gates, g, starts }: Head, i: number): Float64Array {
  const sums = new Float64Array((i + 2) * gates);
  for (let j = i - 1; j >= -1; j--) {
    for (let c = 0; c < gates; c++) {
      const later = at(sums, (j + 2) * gates + c);
      sums[(j + 1) * gates + c] = starts(j + 1) ? Number.NEGATIVE_INFINITY : later + at(g, (j + 1) * gates + c);
    }
  }
  return sums.map(Math.exp);
}

/** From all pairs: with L and P of the tokens' products, U of `(I + L) U = beta (V − e^G K S)` by substitution. */
function quadratic(head: Head, out: Float64Array, { reads, scale }: Weighing): void {
  const { t, d, dv, gates, q, k, v, beta, state } = head;
  let decays = decaysAt(head, -1);
  const decayOf = (j: number, c: number) => at(decays, (j + 1) * gates + (gates === 1 ? 0 : c));
  /** A row of L or P: of a key or a query i and the key j. */
  const product = (rows: Float64Array, i: number, j: number) => {
    if (gates === 1) return decayOf(j, 0) * dot(rows, i * d, k, j * d, d);
    let sum = 0;
    for (let c = 0; c < d; c++) sum += at(rows, i * d + c) * at(k, j * d + c) * decayOf(j, c);
    return sum;
  };
  const ofState = (rows: Float64Array, i: number) => {
    const factors = rows.slice(i * d, (i + 1) * d).map((value, c) => value * decayOf(-1, c));
    return readState(head, state, factors, 0);
  };
  const u = new Float64Array(t * dv);
  for (let i = 0; i < t; i++) {
    decays = decaysAt(head, i);
    const own = u.subarray(i * dv, (i + 1) * dv);
    addScaled(own, at(beta, i), v, i * dv);
    if (reads) {
      addScaled(own, -at(beta, i), ofState(k, i), 0);
      for (let j = 0; j < i; j++) addScaled(own, -at(beta, i) * product(k, i, j), u, j * dv);
    }
    const sums = out.subarray(i * dv, (i + 1) * dv);
    addScaled(sums, scale, ofState(q, i), 0);
    for (let j = 0; j <= i; j++) addScaled(sums, scale * product(q, i, j), u, j * dv);
  }
  for (let c = 0; c < d; c++) {
    const row = state.subarray(c * dv, (c + 1) * dv);
    for (let j = 0; j < dv; j++) row[j] = decayOf(-1, c) * at(row, j);
    for (let j = 0; j < t; j++) addScaled(row, decayOf(j, c) * at(k, j * d + c), u, j * dv);
  }
}

/**
 * For each token `S ← e^g S`, `S ← S + k (beta (v − Sᵀ k))ᵀ` (without reading: `k (beta v)ᵀ`), `out = scale · Sᵀ q`:
 * out `[b, hv, t, dv]` and the last state. Throws a RangeError for more than 1,024 tokens in the quadratic form.
 */
export function linearRecurrence(operation: string, given: LinearRecurrence, form: RecurrenceForm["form"]) {
  const t = lengthOf(given.q.shape, 2);
  if (form === "quadratic" && t > mostTokens) {
    throw new RangeError(`${operation}: ${t} tokens, expected at most ${mostTokens} in the quadratic form`);
  }
  const out = dense(given.v.shape);
  const state = dense(stateShape(given), given.state?.values);
  for (const head of headsOf(given, state)) {
    (form === "quadratic" ? quadratic : recurrent)(head, rowsOf(out, head.value), given);
  }
  return { out, state };
}

/** The gradients of results that a backward starts from; absent ones are zeros. */
interface RecurrenceUpstream {
  readonly dout?: Dense | undefined;
  readonly dstate?: Dense | undefined;
}

/** Gradients of one value head, views of their rows. */
interface HeadGradients {
  readonly query: Float64Array;
  readonly key: Float64Array;
  readonly value: Float64Array;
  readonly beta: Float64Array;
  readonly g: Float64Array;
  /** That of the state after a token, and then of the one before it. */
  readonly state: Float64Array;
}

/** What a token did: the state after its decay and after it was written, with what was written. */
interface Step {
  readonly decayed: Float64Array;
  readonly after: Float64Array;
  readonly error: Float64Array;
  readonly written: Float64Array;
}

/** From the gradient of the state after a token, and of its output, those of its inputs and of the state before. */
function stepBack(head: Head, of: HeadGradients, upstream: Float64Array, token: number, step: Step, given: Weighing) {
  const { d, dv, gates, q, k, beta } = head;
  const first = token * d;
  for (let c = 0; c < d; c++) {
    of.query[first + c] = at(of.query, first + c) + given.scale * dot(step.after, c * dv, upstream, 0, dv);
  }
  const asked = upstream.map((value) => given.scale * value);
  addOuter(head, of.state, q, first, asked);
  const written = readState(head, of.state, k, first);
  const error = written.map((value) => at(beta, token) * value);
  of.beta[token] = dot(written, 0, step.error, 0, dv);
  of.value.set(error, token * dv);
  for (let c = 0; c < d; c++) {
    const said = given.reads ? dot(step.decayed, c * dv, error, 0, dv) : 0;
    of.key[first + c] = at(of.key, first + c) + dot(of.state, c * dv, step.written, 0, dv) - said;
  }
  if (given.reads)
    addOuter(
      head,
      of.state,
      k,
      first,
      error.map((value) => -value),
    );
  for (let c = 0; c < d; c++) {
    const gate = token * gates + (gates === 1 ? 0 : c);
    of.g[gate] = at(of.g, gate) + dot(of.state, c * dv, step.decayed, c * dv, dv);
  }
  decay(head, of.state, token);
}

/** Tokens between two states that are kept; those between are computed again. */
const keptEvery = 64;

/** The tokens of a head from the last to the first. */
function headBack(head: Head, of: HeadGradients, dout: Float64Array, given: Weighing): void {
  const { t, dv, state } = head;
  const kept: Float64Array[] = [];
  for (let token = 0; token < t; token++) {
    if (token % keptEvery === 0) kept.push(state.slice());
    decay(head, state, token);
    write(head, state, token, given.reads);
  }
  for (const [i, own] of [...kept.entries()].reverse()) {
    const first = i * keptEvery;
    const steps = Array.from({ length: Math.min(keptEvery, t - first) }, (_, j): Step => {
      decay(head, own, first + j);
      const decayed = own.slice();
      const { error, written } = write(head, own, first + j, given.reads);
      return { decayed, after: own.slice(), error, written };
    });
    for (const [j, step] of [...steps.entries()].reverse()) {
      const token = first + j;
      stepBack(head, of, dout.subarray(token * dv, (token + 1) * dv), token, step, given);
    }
  }
}

/** Gradients of {@link linearRecurrence} by backpropagation through its tokens; that of g where it is given. */
export function linearRecurrenceBackward(given: LinearRecurrence, { dout, dstate }: RecurrenceUpstream) {
  const { q, k, v, beta, g, state } = given;
  const [dq, dk, dv, dbeta] = [dense(q.shape), dense(k.shape), dense(v.shape), dense(beta.shape)];
  const dg = dense((g ?? beta).shape);
  const last = dense(stateShape(given), state?.values);
  const before = dense(last.shape, dstate?.values);
  for (const head of headsOf(given, last)) {
    const of = {
      query: rowsOf(dq, head.key),
      key: rowsOf(dk, head.key),
      value: rowsOf(dv, head.value),
      beta: rowsOf(dbeta, head.value),
      g: rowsOf(dg, head.value),
      state: rowsOf(before, head.value),
    };
    headBack(head, of, rowsOf(dout ?? dense(v.shape), head.value), given);
  }
  return { dq, dk, dv, dbeta, ...(g ? { dg } : {}), dstate: before };
}
