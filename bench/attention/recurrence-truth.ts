// What delta rules and a state space are to give on the inputs of attention.

import { linearRecurrence as emulation } from "../../src/check/emulation/linear-recurrence.ts";
import { allowedUlps } from "../../src/check/gate.ts";
import { deltaRule as reference } from "../../src/reference/delta-rule.ts";
import { type Dense, dense } from "../../src/reference/dense.ts";
import { stateSpace as spaceReference } from "../../src/reference/state-space.ts";

/** What the inputs of attention lack, the same for all tokens: how much is written, and the logarithm of the decay. */
export const beta = 0.5;
export const logDecay = -1 / 32;

/** The recurrences: which gates they have. */
export const kinds = {
  deltaRule: "none",
  gatedDeltaRule: "head",
  kimiDeltaRule: "channel",
  stateSpace: "step",
} as const;

/** A recurrence's name in the bench. */
export type RecurrenceName = keyof typeof kinds;

/** Ulps that WGSL allows the exponential of a decay. */
export const allowedInDecays = (name: RecurrenceName): number =>
  kinds[name] === "none" ? 0 : allowedUlps.exp(logDecay);

/** Their names. */
export const recurrenceNames = Object.keys(kinds) as readonly RecurrenceName[];

/** The true values `[t, dv]` of one head, from its rows, and those of plain f32 loops. */
export function trueRecurrence(
  name: RecurrenceName,
  { q, k, v }: Readonly<Record<"q" | "k" | "v", Dense>>,
): { readonly expected: Dense; readonly emulated: Dense } {
  const [t = 0, d = 0] = q.shape;
  const head = ({ shape, values }: Dense) => dense([1, 1, ...shape], values);
  const all = (value: number, ...shape: number[]) =>
    dense(shape, new Float64Array(shape.reduce((product, size) => product * size, 1)).fill(value));
  const numbers = { beta: all(beta, 1, 1, t) };
  if (name === "stateSpace") {
    const expected = spaceReference({
      x: head(v),
      dt: numbers.beta,
      a: all(logDecay / beta, 1),
      b: head(k),
      c: head(q),
    }).y;
    return { expected, emulated: emulation({ q, k, v, beta, logDecay, scale: 1, reads: false }) };
  }
  const g = { none: undefined, head: all(logDecay, 1, 1, t), channel: all(logDecay, 1, 1, t, d) }[kinds[name]];
  const given = { q: head(q), k: head(k), v: head(v), ...numbers, ...(g ? { g } : {}) };
  const unit = { q: normalised(q), k: normalised(k) };
  const [decay, scale] = [g ? logDecay : 0, 1 / Math.sqrt(d)];
  return {
    expected: reference(given, { normalise: true }).out,
    emulated: emulation({ ...unit, v, beta, logDecay: decay, scale, reads: true }),
  };
}

/** Rows of length 1 in f32. */
function normalised({ shape, values }: Dense): Dense {
  const d = shape[1] ?? 1;
  const f = Math.fround;
  const unit = dense(shape);
  for (let row = 0; row < values.length; row += d) {
    let sum = 0;
    for (let i = row; i < row + d; i++) sum = f(sum + f((values[i] ?? 0) ** 2));
    const length = f(Math.sqrt(f(sum + 1e-6)));
    for (let i = row; i < row + d; i++) unit.values[i] = f((values[i] ?? 0) / length);
  }
  return unit;
}
