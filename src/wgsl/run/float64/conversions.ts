// Conversions by value and by bits, and builtin functions of whole values.
import { plain } from "../execute/plain.ts";
import { type Action, viewOf } from "../execute/state.ts";
import type { Instruction, Slot } from "../lower/code.ts";
import { floatToInteger, powerOfTwo } from "../numbers.ts";
import { wholeFunction } from "../operations-whole.ts";
import { accurate, type Bounded, compare, exactly, type Format, highest, lowest, rounded, unknown } from "./bounded.ts";
import { convertTo } from "./functions.ts";
import { rangeOf } from "./ranges.ts";
import { eachLane, isFloatName, type Visit } from "./scalars.ts";
import { decided, exact, floatAt, formatOf, rangeAt, type Shadow, setBoolean, setFloat, setRange } from "./shadow.ts";
import { boundedWhole } from "./whole.ts";

type Of<K extends Instruction["kind"]> = Extract<Instruction, { kind: K }>;

/** A conversion by value. */
export function convertActions(shadow: Shadow, instruction: Of<"convert">): readonly Action[] {
  const { state } = shadow;
  const { to, from } = instruction;
  if (isFloatName(to.scalar)) return [eachLane(state, toFloat(shadow, instruction))];
  if (isFloatName(from.scalar)) return [eachLane(state, fromFloat(shadow, instruction))];
  const [source, result] = [from.slot * state.width, to.slot * state.width];
  // What remains is an integer as a boolean.
  const visit: Visit = (l) => {
    const range = rangeOf("!=", from.scalar, rangeAt(shadow, source + l, from.scalar === "i32"), [0, 0], undefined);
    setBoolean(shadow.slots, result + l, range, 0);
  };
  return [eachLane(state, visit), ...plain.convert(state, instruction)];
}

function toFloat(shadow: Shadow, { to, from }: Of<"convert">): Visit {
  const { slots, state } = shadow;
  const format = formatOf(shadow, to.scalar);
  const [source, result] = [from.slot * state.width, to.slot * state.width];
  const numberOf = (i: number): Bounded =>
    isFloatName(from.scalar)
      ? convertTo(format, floatAt(shadow, i))
      : ofInteger(shadow, i, from.scalar === "i32", format);
  return (l) => {
    const doubt = (slots.kinds[source + l] as number) & decided;
    setFloat(shadow, result + l, numberOf(source + l), format, doubt);
  };
}

function ofInteger(shadow: Shadow, i: number, isSigned: boolean, format: Format): Bounded {
  const value = (isSigned ? shadow.state.i32 : shadow.state.u32)[i] as number;
  const range = rangeAt(shadow, i, isSigned);
  return range ? rounded(format, value, Math.max(range[1] - value, value - range[0])) : unknown(value);
}

function fromFloat(shadow: Shadow, { to, from }: Of<"convert">): Visit {
  const { slots, state } = shadow;
  const [source, result] = [from.slot * state.width, to.slot * state.width];
  const format = formatOf(shadow, from.scalar);
  const { scalar } = to;
  const convert = (x: number) => {
    if (scalar === "bool") return x === 0 ? 0 : 1;
    return floatToInteger(x, scalar === "i32" ? "i32" : "u32", from.scalar === "f16" ? "f16" : "f32");
  };
  return (l) => {
    const number = floatAt(shadow, source + l);
    const doubt = (slots.kinds[source + l] as number) & decided;
    const value = convert(number.value);
    viewOf(state, scalar)[result + l] = value;
    if (scalar === "bool") {
      const isSame = compare(format, "==", number, exactly(0)) !== undefined;
      setBoolean(shadow.slots, result + l, isSame ? [value, value] : undefined, doubt);
      return;
    }
    const isKnown = doubt === 0 && !Number.isNaN(number.value);
    setRange(
      shadow.slots,
      result + l,
      isKnown ? [convert(lowest(number)), convert(highest(number))] : undefined,
      doubt,
    );
  };
}

/** Bits of f16 as those of other scalars, or the reverse: known only where they are the same everywhere. */
export function bitcastActions(shadow: Shadow, instruction: Of<"bitcast">): readonly Action[] {
  const visit = allOrNothing(shadow, instruction.to, instruction.from);
  return [eachLane(shadow.state, visit), ...plain.bitcast(shadow.state, instruction)];
}

/** Notes that results are the same everywhere if all operands are, and otherwise decided by rounding. */
function allOrNothing(shadow: Shadow, to: readonly Slot[], from: readonly Slot[]): Visit {
  const { slots, state } = shadow;
  return (l) => {
    const isExact = from.every(({ slot }) => slots.kinds[slot * state.width + l] === exact);
    for (const { slot } of to) slots.kinds[slot * state.width + l] = isExact ? exact : decided;
  };
}

/** A builtin function of whole values. */
export function wholeActions(shadow: Shadow, instruction: Of<"whole">): readonly Action[] {
  const { state } = shadow;
  const { name, to, from, scalar } = instruction;
  const apply = boundedWhole(name);
  if (apply) return [eachLane(state, wholeOfFloats(shadow, instruction, apply))];
  if (isFloatName(scalar)) return [eachLane(state, packed(shadow, instruction))];
  const known = eachLane(state, allOrNothing(shadow, to, from.flat()));
  const run = plain.whole(state, instruction);
  const rounding = unpackings[name];
  return rounding ? [known, ...run, eachLane(state, unpacked(shadow, to, rounding))] : [known, ...run];
}

const at = ({ state: { width } }: Shadow, { slot }: Slot, lane: number): number => slot * width + lane;

const isAnyDecided = (shadow: Shadow, from: readonly Slot[], lane: number): boolean =>
  from.some((slot) => ((shadow.slots.kinds[at(shadow, slot, lane)] as number) & decided) !== 0);

function wholeOfFloats(
  shadow: Shadow,
  { to, from, scalar }: Of<"whole">,
  apply: NonNullable<ReturnType<typeof boundedWhole>>,
): Visit {
  const { state } = shadow;
  const format = formatOf(shadow, scalar);
  const all = from.flat();
  return (l) => {
    const doubt = isAnyDecided(shadow, all, l) ? decided : 0;
    const results = apply(
      format,
      from.map((slots) => slots.map((slot) => floatAt(shadow, at(shadow, slot, l)))),
    );
    for (const [i, slot] of to.entries()) {
      const number = results[i] ?? unknown(Number.NaN);
      if (isFloatName(slot.scalar)) setFloat(shadow, at(shadow, slot, l), number, format, doubt);
      else {
        state.i32[at(shadow, slot, l)] = number.value;
        setRange(
          shadow.slots,
          at(shadow, slot, l),
          number.bound === 0 ? [number.value, number.value] : undefined,
          doubt,
        );
      }
    }
  };
}

/** Floats as codes in a word, which is known if it is the same for both ends of all floats: no code falls. */
function packed(shadow: Shadow, { name, to, from }: Of<"whole">): Visit {
  const { state, slots, formats } = shadow;
  const apply = wholeFunction(name);
  if (!apply) throw new Error(`${name} of floats`);
  const all = from.flat();
  const result = to[0] as Slot;
  const widened = name === "pack2x16float" ? halfCode(formats.f16) : fixedCode(formats.f32);
  return (l) => {
    const numbers = all.map((slot) => floatAt(shadow, at(shadow, slot, l)));
    const word = (of: (x: Bounded) => number, list = numbers) => apply([list.map(of)], "f32", 1)[0] ?? 0;
    const wider = numbers.map(widened);
    const [low, high] = [word(lowest, wider), word(highest, wider)];
    const isKnown = low === high && !isAnyDecided(shadow, all, l);
    state.u32[at(shadow, result, l)] = word(({ value }) => value);
    setRange(slots, at(shadow, result, l), isKnown ? [low, high] : undefined, 0);
  };
}

/** What is rounded to nearest by all GPUs has one code. Others may round it either way, or flush it to zero. */
const halfCode =
  (f16: Format) =>
  (x: Bounded): Bounded => {
    const half = convertTo(f16, x);
    const isNormal = Math.abs(x.value) - x.bound >= f16.leastNormal || x.value === 0;
    return f16.isNearest && isNormal ? x : half;
  };

/** ½ + scale · x is rounded before it becomes an integer. */
const fixedCode =
  ({ unit }: Format) =>
  (x: Bounded): Bounded => ({
    value: x.value,
    bound: x.bound + 2 * unit * (Math.abs(x.value) + 1),
  });

/** What a GPU may give for a float that a word holds. */
type Rounding = (format: Format, value: number) => Bounded;

/** Errs by 3 units in the last place; the value itself is rounded, too. */
const quotient: Rounding = (format, value) => accurate(format, value, 0, 3.5);

/** Subnormal f16 may be flushed to zero. */
const half: Rounding = (_, value) => ({ value, bound: Math.abs(value) < powerOfTwo(-14) ? Math.abs(value) : 0 });

const unpackings: Readonly<Record<string, Rounding>> = {
  unpack2x16float: half,
  unpack2x16snorm: quotient,
  unpack2x16unorm: quotient,
  unpack4x8snorm: quotient,
  unpack4x8unorm: quotient,
};

function unpacked(shadow: Shadow, to: readonly Slot[], rounding: Rounding): Visit {
  const { slots, state, formats } = shadow;
  return (l) => {
    for (const slot of to) {
      const i = at(shadow, slot, l);
      const number = rounding(formats.f32, state.f32[i] as number);
      setFloat(shadow, i, number, formats.f32, (slots.kinds[i] as number) & decided);
    }
  };
}
