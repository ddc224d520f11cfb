// Operators and builtin functions: those that kernels use most have loops of their own, the others go lane by lane
// through the functions of operations.ts.
import type { Instruction, Slot } from "../lower/code.ts";
import { roundTo } from "../numbers.ts";
import { scalarFunction } from "../operations.ts";
import { bitcastScalars } from "../operations-packed.ts";
import { wholeFunction } from "../operations-whole.ts";
import type { ScalarName } from "../types.ts";
import { roundToHalf } from "./conversions.ts";
import { floatLoops } from "./floats.ts";
import { booleanLoops, signedLoops, unsignedLoops } from "./integers.ts";
import { type Action, actionOf, forEachLane, type Lanes, type Loop, type State, viewOf } from "./state.ts";

type Of<K extends Instruction["kind"]> = Extract<Instruction, { kind: K }>;

const loops: Readonly<Partial<Record<ScalarName, ReadonlyMap<string, Loop>>>> = {
  f32: floatLoops,
  f16: floatLoops,
  i32: signedLoops,
  u32: unsignedLoops,
  bool: booleanLoops,
};

/** Results of f16 that are rounded twice, to f32 and to f16, as if once: 24 is at least 2·11 + 2 (Figueroa 1995). */
const roundedTwice = new Set(["+", "-", "*", "/"]);

const select: Loop = ({ i32 }, first, end, to, no, yes, condition) => {
  for (let l = first; l < end; l++) {
    i32[to + l] = (i32[condition + l] === 0 ? i32[no + l] : i32[yes + l]) as number;
  }
};

/** What computes one scalar. Throws for a function that its scalar type does not have. */
export function scalarActions(state: State, { name, to, from }: Of<"scalar">): readonly Action[] {
  const { scalar } = from[0] as Slot;
  const { width } = state;
  const [a = 0, b = 0, c = 0] = from.map(({ slot }) => slot * width);
  const result = to.slot * width;
  if (name === "select") return [actionOf(select, state, result, a, b, c)];
  if (scalar === "f16" && name === "fma") return [laneByLane(state, name, to, from)];
  const own = loops[scalar];
  const mirrored = name === ">" ? own?.get("<") : name === ">=" ? own?.get("<=") : undefined;
  if (mirrored) return [actionOf(mirrored, state, result, b, a)];
  const loop = own?.get(name);
  if (!loop) return [laneByLane(state, name, to, from)];
  const action = actionOf(loop, state, result, a, b, c);
  return scalar === "f16" && roundedTwice.has(name) ? [action, actionOf(roundToHalf, state, result, result)] : [action];
}

function laneByLane(state: State, name: string, to: Slot, from: readonly Slot[]): Action {
  const { width } = state;
  const first = from[0] as Slot;
  const apply = scalarFunction(name, first.scalar);
  if (!apply) throw new Error(`${name} of ${first.scalar}`);
  const operands = [0, 1, 2, 3].map((i) => from[i] ?? first);
  const [a, b, c, d] = operands.map(({ slot }) => slot * width) as [number, number, number, number];
  const [p, q, r, s] = operands.map(({ scalar }) => viewOf(state, scalar)) as [View, View, View, View];
  const target = viewOf(state, to.scalar);
  const result = to.slot * width;
  const { scalar } = to;
  const hasOneView = scalar !== "f16" && operands.every((one) => viewOf(state, one.scalar) === target);
  if (hasOneView) return () => applyInOneView(state.active, target, apply, result, a, b, c, d);
  const visit = (l: number) => {
    const value = apply(p[a + l] as number, q[b + l] as number, r[c + l] as number, s[d + l] as number);
    target[result + l] = roundTo(value, scalar);
  };
  return () => forEachLane(state.active, visit);
}

/** A function whose operands and result are read and written through one view, which rounds. */
function applyInOneView(
  { bounds, length }: Lanes,
  view: View,
  apply: Apply,
  to: number,
  a: number,
  b: number,
  c: number,
  d: number,
): void {
  for (let run = 0; run < length; run += 2) {
    const end = bounds[run + 1] as number;
    for (let l = bounds[run] as number; l < end; l++) {
      view[to + l] = apply(view[a + l] as number, view[b + l] as number, view[c + l] as number, view[d + l] as number);
    }
  }
}

type View = ReturnType<typeof viewOf>;
type Apply = NonNullable<ReturnType<typeof scalarFunction>>;

/** Reads slots of a lane into an array that is there, and writes results. */
const reader = (state: State, slots: readonly Slot[]) => {
  const values = new Array<number>(slots.length).fill(0);
  const views = slots.map(({ scalar }) => viewOf(state, scalar));
  return {
    values,
    read: (lane: number) => {
      for (const [i, { slot }] of slots.entries()) values[i] = (views[i] as View)[slot * state.width + lane] as number;
    },
  };
};

function write(state: State, slots: readonly Slot[], values: readonly number[], lane: number): void {
  for (const [i, { slot, scalar }] of slots.entries()) {
    viewOf(state, scalar)[slot * state.width + lane] = roundTo(values[i] ?? 0, scalar);
  }
}

/** What computes a builtin function of whole values. */
export function wholeActions(state: State, { name, to, from, scalar, columns }: Of<"whole">): readonly Action[] {
  const apply = wholeFunction(name);
  if (!apply) throw new Error(`${name} of ${scalar}`);
  const readers = from.map((slots) => reader(state, slots));
  const values = readers.map((one) => one.values);
  const visit = (lane: number) => {
    for (const { read } of readers) read(lane);
    write(state, to, apply(values, scalar, columns), lane);
  };
  return [() => forEachLane(state.active, visit)];
}

/** What takes bits of f16 as those of other scalars, or the reverse. */
export function bitcastActions(state: State, { to, from }: Of<"bitcast">): readonly Action[] {
  const { values, read } = reader(state, from);
  const [source, target] = [(from[0] as Slot).scalar, (to[0] as Slot).scalar];
  const visit = (lane: number) => {
    read(lane);
    write(state, to, bitcastScalars(values, source, target), lane);
  };
  return [() => forEachLane(state.active, visit)];
}
