import type { Expression } from "../program.ts";
import { placesOf, scalarOf } from "../types.ts";
import { operate, type Value } from "./arithmetic.ts";
import { builtin, convert } from "./builtins.ts";
import { call, valuesOf } from "./calls.ts";
import { needsItsLanes } from "./effects.ts";
import {
  compileInto,
  control,
  copy,
  emit,
  flush,
  type Lowering,
  newLabel,
  place,
  type Target,
  temporaries,
  within,
} from "./lowering.ts";
import { elementAddress, load, loadFrom, locate } from "./references.ts";
import { consecutive, constantBlock, constantSlots, firstSlot } from "./slots.ts";

type Of<K extends Expression["kind"]> = Extract<Expression, { kind: K }>;

/**
 * Adds the instructions that compute an expression. Returns the slots of its value, which are those of `target` if it
 * was used, those of a variable, or temporaries.
 */
export function compile(lowering: Lowering, expression: Expression, target?: Target): readonly number[] {
  const {
    type,
    span: { at },
  } = expression;
  switch (expression.kind) {
    case "constant":
      return constantSlots(lowering.slots, type, expression.value, at);
    case "value":
      return consecutive(firstSlot(lowering.slots, expression.variable), type.slots);
    case "load":
      return load(lowering, expression.from, target);
    case "operator":
      return operate(lowering, expression.sign, type, typedValues(lowering, expression.operands), target, at);
    case "logic":
      return logic(lowering, expression, target);
    case "convert":
      return convert(lowering, typedValue(lowering, expression.value), type, target, at);
    case "compose":
      return compose(lowering, expression, target);
    case "pick": {
      const slots = compile(lowering, expression.value);
      return expression.slots.map((one) => slots[one] as number);
    }
    case "element":
      return elementOfValue(lowering, expression, target);
    case "builtin":
      return builtin(lowering, expression, typedValues(lowering, expression.values), target);
    case "memory":
      return memory(lowering, expression, target);
    case "call":
      return call(lowering, expression);
    case "address":
      throw new Error("a pointer is no value");
  }
}

const typedValue = (lowering: Lowering, expression: Expression): Value => ({
  slots: compile(lowering, expression),
  type: expression.type,
});

function typedValues(lowering: Lowering, expressions: readonly Expression[]): Value[] {
  const values = valuesOf(lowering, expressions);
  return expressions.map(({ type }, i) => ({ slots: values[i] as readonly number[], type }));
}

/** Parts that are one after the other; if the target holds nothing that they read, they are computed there. */
function compose(lowering: Lowering, { parts, type }: Of<"compose">, target: Target | undefined): readonly number[] {
  if (!target?.isFresh || type.slots === 0) return valuesOf(lowering, parts).flat();
  let first = 0;
  for (const part of parts) {
    const slots = target.slots.slice(first, first + part.type.slots);
    compileInto(lowering, part, { slots, isFresh: true });
    first += part.type.slots;
  }
  return target.slots;
}

/** `&&` and `||`. Where it matters which lanes evaluate the right side, only those do that need it. */
function logic(lowering: Lowering, expression: Of<"logic">, target: Target | undefined): readonly number[] {
  const { sign, left, right, type, span } = expression;
  if (!needsItsLanes(right)) {
    return operate(lowering, sign === "&&" ? "&" : "|", type, typedValues(lowering, [left, right]), target, span.at);
  }
  const to = target?.isFresh ? target.slots : temporaries(lowering, 1, span.at);
  compileInto(lowering, left, { slots: to, isFresh: true });
  const { nesting, loop, breakable } = lowering.surroundings;
  const join = newLabel();
  const condition = { slot: to[0] as number, isNegated: sign === "||" };
  control(lowering, { kind: "if", condition, otherwise: undefined, target: join, span: lowering.span });
  within(lowering, { nesting: nesting + 1, exit: join, loop, breakable }, () => {
    const slots = compile(lowering, right);
    copy(lowering, to, slots, right.span.at);
  });
  place(lowering, join);
  control(lowering, { kind: "join", target: lowering.surroundings.exit, span: lowering.span });
  return to;
}

/** An element of a value, which needs adjacent slots. */
function elementOfValue(lowering: Lowering, expression: Of<"element">, target: Target | undefined): readonly number[] {
  const { value, index, count, type, span } = expression;
  const [slots, indexed] = typedValues(lowering, [value, index]) as [Value, Value];
  const first = adjacent(lowering, value, slots.slots);
  const address = elementAddress(lowering, indexed.slots[0] as number, undefined, count, type.slots, index.span.at);
  const to =
    target?.isFresh || (target && type.slots === 1) ? target.slots : temporaries(lowering, type.slots, span.at);
  emit(lowering, { kind: "gather", to, first, address, at: span.at });
  return to;
}

/** The first of the slots of a value, which are copied unless they are adjacent. */
function adjacent(lowering: Lowering, value: Expression, slots: readonly number[]): number {
  const first = slots[0] as number;
  if (value.kind === "constant") {
    const scalars = placesOf(value.type).map(({ scalar }) => scalar.scalar);
    return constantBlock(lowering.slots, value.value, scalars, value.span.at);
  }
  if (slots.every((slot, i) => slot === first + i)) return first;
  const to = temporaries(lowering, slots.length, value.span.at);
  copy(lowering, to, slots, value.span.at);
  return to[0] as number;
}

/** A builtin function that takes a pointer. */
function memory(lowering: Lowering, expression: Of<"memory">, target: Target | undefined): readonly number[] {
  const {
    name,
    at: reference,
    type,
    span: { at },
  } = expression;
  const pointer = locate(lowering, reference);
  if (name === "arrayLength") {
    const stride = reference.type.kind === "array" ? reference.type.stride : 1;
    const to = temporaries(lowering, 1, at);
    const length = { variable: pointer.variable, offset: pointer.offset, stride };
    emit(lowering, { kind: "length", to: to[0] as number, length, at });
    return to;
  }
  if (name === "workgroupUniformLoad") {
    flush(lowering);
    const to = loadFrom(lowering, pointer, reference, type, target);
    const loads = lowering.pending;
    lowering.pending = [];
    lowering.operations.push({ kind: "barrier", of: "workgroup", loads, span: { at, end: expression.span.end } });
    return to;
  }
  const values = valuesOf(lowering, expression.values).map((slots) => slots[0] as number);
  const isUsed = target?.slots.length !== 0;
  const to = isUsed ? temporaries(lowering, type.slots, at) : [];
  const { scalar } = scalarOf(reference.type.kind === "atomic" ? reference.type.of : type) ?? { scalar: "u32" };
  emit(lowering, { kind: "atomic", name, site: { ...pointer, reference }, scalar, to, values, at });
  return to;
}
