// Operators and builtin functions of single scalars. Those of floats are computed here; those of integers and booleans
// as in a plain run, once it is noted what is known of their results.
import { plain } from "../execute/plain.ts";
import { type Action, forEachLane, type State } from "../execute/state.ts";
import type { Instruction, Slot } from "../lower/code.ts";
import { scalarFunction } from "../operations.ts";
import type { ScalarName } from "../types.ts";
import { compare, either } from "./bounded.ts";
import { boundedFunction, quantized, timesPowerOfTwo } from "./functions.ts";
import { hull, type Range, rangeOf } from "./ranges.ts";
import {
  decided,
  exact,
  floatAt,
  formatOf,
  isDoubtful,
  magnitudeAt,
  move,
  type Numbers,
  rangeAt,
  type Shadow,
  setBoolean,
  setFloat,
  setRange,
} from "./shadow.ts";

type Of<K extends Instruction["kind"]> = Extract<Instruction, { kind: K }>;

export const isFloatName = (scalar: ScalarName): boolean => scalar === "f32" || scalar === "f16";

/** What happens for each active lane. */
export type Visit = (lane: number) => void;

/** Indices of lane 0 of operands; those that there are not are the first one. */
const indicesOf = ({ state: { width } }: Shadow, from: readonly Slot[]): readonly [number, number, number] => {
  const first = from[0] as Slot;
  const [a, b, c] = [first, from[1] ?? first, from[2] ?? first];
  return [a.slot * width, b.slot * width, c.slot * width];
};

/** Visits all lanes that are active. */
export const eachLane =
  ({ active }: State, visit: Visit): Action =>
  () =>
    forEachLane(active, visit);

/** What computes one scalar. */
export function scalarActions(shadow: Shadow, instruction: Of<"scalar">): readonly Action[] {
  const { state } = shadow;
  const { name, from } = instruction;
  const { scalar } = from[0] as Slot;
  if (name === "select") return [eachLane(state, selected(shadow, instruction))];
  if (!isFloatName(scalar)) return [eachLane(state, noted(shadow, instruction)), ...plain.scalar(state, instruction)];
  return [
    eachLane(state, instruction.to.scalar === "bool" ? compared(shadow, instruction) : computed(shadow, instruction)),
  ];
}

/** A function of floats. */
function computed(shadow: Shadow, { name, to, from }: Of<"scalar">): Visit {
  const { slots, state, formats } = shadow;
  const { kinds } = slots;
  const format = formatOf(shadow, to.scalar);
  const [a, b, c] = indicesOf(shadow, from);
  const result = to.slot * state.width;
  const doubtAt = (l: number) =>
    ((kinds[a + l] as number) | (kinds[b + l] as number) | (kinds[c + l] as number)) & decided;
  if (name === "ldexp") {
    return (l) => {
      const doubt = doubtAt(l) | (isDoubtful(shadow, b + l) ? decided : 0);
      const number = timesPowerOfTwo(format, floatAt(shadow, a + l), state.i32[b + l] as number);
      setFloat(shadow, result + l, number, format, doubt);
    };
  }
  if (name === "quantizeToF16") {
    return (l) =>
      setFloat(shadow, result + l, quantized(formats.f16, format, floatAt(shadow, a + l)), format, doubtAt(l));
  }
  const apply = boundedFunction(name);
  if (!apply) throw new Error(`${name} of ${to.scalar}`);
  return (l) => {
    const number = apply(format, floatAt(shadow, a + l), floatAt(shadow, b + l), floatAt(shadow, c + l));
    setFloat(shadow, result + l, number, format, doubtAt(l));
  };
}

/** A comparison of floats. */
function compared(shadow: Shadow, { name, to, from }: Of<"scalar">): Visit {
  const { slots, state } = shadow;
  const { scalar } = from[0] as Slot;
  const format = formatOf(shadow, scalar);
  const [a, b] = indicesOf(shadow, from);
  const result = to.slot * state.width;
  const apply = scalarFunction(name, scalar);
  if (!apply) throw new Error(`${name} of ${scalar}`);
  return (l) => {
    const [x, y] = [floatAt(shadow, a + l), floatAt(shadow, b + l)];
    const doubt = ((slots.kinds[a + l] as number) | (slots.kinds[b + l] as number)) & decided;
    const value = apply(x.value, y.value, 0, 0);
    state.u32[result + l] = value;
    setBoolean(shadow.slots, result + l, compare(format, name, x, y) === undefined ? undefined : [value, value], doubt);
  };
}

/** `select`: one of two values, or what both are within. */
function selected(shadow: Shadow, { to, from }: Of<"scalar">): Visit {
  const { slots, state } = shadow;
  const { i32 } = state;
  const [no, yes, condition] = indicesOf(shadow, from);
  const result = to.slot * state.width;
  const { scalar } = to;
  return (l) => {
    const own = (i32[condition + l] === 0 ? no : yes) + l;
    if (!isDoubtful(shadow, condition + l)) {
      i32[result + l] = i32[own] as number;
      move(slots, own, slots, result + l, 0);
      return;
    }
    const doubt = ((slots.kinds[no + l] as number) | (slots.kinds[yes + l] as number)) & decided;
    if (isFloatName(scalar)) {
      const number = either(floatAt(shadow, own).value, floatAt(shadow, no + l), floatAt(shadow, yes + l));
      setFloat(shadow, result + l, number, formatOf(shadow, scalar), doubt);
      return;
    }
    const [a, b] = [no, yes].map((i) => rangeAt(shadow, i + l, scalar === "i32"));
    i32[result + l] = i32[own] as number;
    setInteger(shadow.slots, result + l, scalar, a && b && hull(a, b), doubt);
  };
}

function setInteger(numbers: Numbers, i: number, scalar: ScalarName, range: Range | undefined, doubt: number): void {
  if (scalar === "bool") setBoolean(numbers, i, range, doubt);
  else setRange(numbers, i, range, doubt);
}

/** What is known of the result of integers or booleans. */
function noted(shadow: Shadow, { name, to, from }: Of<"scalar">): Visit {
  const { slots, state } = shadow;
  const { kinds } = slots;
  const { scalar } = from[0] as Slot;
  const indices = from.map(({ slot }) => slot * state.width);
  const [a = 0, b = a, c = a] = indices;
  const result = to.slot * state.width;
  const operand = (i: number, other: number) => (name === "&" && magnitudeWithin(shadow, i, other)) || own(i);
  const own = (i: number) => rangeAt(shadow, i, scalar === "i32");
  return (l) => {
    let isExact = true;
    for (let k = 0; k < indices.length; k++) isExact &&= kinds[(indices[k] as number) + l] === exact;
    if (isExact) {
      kinds[result + l] = exact;
      return;
    }
    const range = rangeOf(name, scalar, operand(a + l, b + l), operand(b + l, a + l), own(c + l));
    setInteger(shadow.slots, result + l, to.scalar, indices.length > 3 ? undefined : range, 0);
  };
}

/** The magnitude of a float whose bits are masked by a word without the sign. */
function magnitudeWithin(shadow: Shadow, i: number, mask: number): Range | undefined {
  const isMask = !isDoubtful(shadow, mask) && (shadow.state.i32[mask] as number) >= 0;
  return isMask ? magnitudeAt(shadow, i) : undefined;
}
