// Builtin functions that compute a value from values.
import { wholeFunction } from "../operations-whole.ts";
import type { Expression } from "../program.ts";
import { type ScalarType, scalarOf, type Type } from "../types.ts";
import { dot, eachScalar, haveSameBits, transposed, type Value } from "./arithmetic.ts";
import type { Slot } from "./code.ts";
import { emit, type Lowering, type Target, temporaries, typed } from "./lowering.ts";

/** A call of one of them. */
export function builtin(
  lowering: Lowering,
  { name, type, span: { at } }: Extract<Expression, { kind: "builtin" }>,
  values: readonly Value[],
  target: Target | undefined,
): readonly number[] {
  const [first, second] = values;
  if (name === "bitcast" && first) return bitcast(lowering, first, type, target, at);
  if (name === "transpose" && first?.type.kind === "matrix") return transposed(first.slots, first.type);
  if (name === "dot" && first && second) return dot(lowering, first, second, target, at);
  if ((name === "all" || name === "any") && first) return combined(lowering, name === "all" ? "&" : "|", first, at);
  if (/^(subgroup|quad)/.test(name)) return subgroup(lowering, name, type, values, at);
  if (wholeFunction(name)) return whole(lowering, name, type, values, at);
  return eachScalar(lowering, name, type, values, target, at);
}

function whole(lowering: Lowering, name: string, type: Type, values: readonly Value[], at: number): readonly number[] {
  const to = temporaries(lowering, type.slots, at);
  const of = (values[0] as Value).type;
  const { scalar } = scalarOf(of) as ScalarType;
  const columns = of.kind === "matrix" ? of.columns : 1;
  const from = values.map((value) => typed(value.slots, value.type));
  emit(lowering, { kind: "whole", name, to: typed(to, type), from, scalar, columns, at });
  return to;
}

function subgroup(
  lowering: Lowering,
  name: string,
  type: Type,
  [value, other]: readonly Value[],
  at: number,
): readonly number[] {
  const to = temporaries(lowering, type.slots, at);
  const from = value ? typed(value.slots, value.type) : [];
  emit(lowering, { kind: "subgroup", name, to: typed(to, type), from, other: other?.slots[0], at });
  return to;
}

/** Booleans joined by an operator. */
function combined(lowering: Lowering, name: string, { slots }: Value, at: number): readonly number[] {
  const bool = (slot: number): Slot => ({ slot, scalar: "bool" });
  if (slots.length === 1) return slots;
  const [to = 0] = temporaries(lowering, 1, at);
  let left = slots[0] as number;
  for (const right of slots.slice(1)) {
    emit(lowering, { kind: "scalar", name, to: bool(to), from: [bool(left), bool(right)], at });
    left = to;
  }
  return [to];
}

/** Scalars of 32 bits have the same slots under each type. */
function bitcast(
  lowering: Lowering,
  value: Value,
  type: Type,
  target: Target | undefined,
  at: number,
): readonly number[] {
  const [from, to] = [scalarOf(value.type), scalarOf(type)] as [ScalarType, ScalarType];
  if ((from.scalar === "f16") === (to.scalar === "f16")) return value.slots;
  const results = target?.isFresh ? target.slots : temporaries(lowering, type.slots, at);
  emit(lowering, { kind: "bitcast", to: typed(results, type), from: typed(value.slots, value.type), at });
  return results;
}

/** Scalars as those of another type, by value. */
export function convert(
  lowering: Lowering,
  value: Value,
  type: Type,
  target: Target | undefined,
  at: number,
): readonly number[] {
  const from = typed(value.slots, value.type);
  if (typed(value.slots, type).every(({ scalar }, i) => haveSameBits((from[i] as Slot).scalar, scalar)))
    return value.slots;
  const results =
    target?.isFresh || (target && type.slots === 1) ? target.slots : temporaries(lowering, type.slots, at);
  for (const [i, to] of typed(results, type).entries()) {
    emit(lowering, { kind: "convert", to, from: from[i] as Slot, at });
  }
  return results;
}
