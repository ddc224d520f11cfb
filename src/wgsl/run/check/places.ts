// Parts of places and of values: members, components, elements.
import type { Label, Span, Expression as Syntax } from "../../tree.ts";
import type { Expression, Reference } from "../program.ts";
import { i32, type Type, u32, vectorOf } from "../types.ts";
import { fail, isReference, loaded, type Operand } from "./context.ts";
import { concrete, concreteType, converted, pick } from "./fold.ts";
import { refuseValue } from "./refusals.ts";

/** What `*p` is: the place that a pointer points to. */
export function pointedTo(pointer: Expression, span: Span): Reference {
  const { type } = pointer;
  if (type.kind !== "pointer") throw fail(`* of a ${type.name}, which is no pointer`, span);
  if (pointer.kind === "address") return { ...pointer.of, span: { at: span.at, end: span.end } };
  if (pointer.kind !== "value") throw fail("* of this pointer", span);
  return {
    root: pointer.variable,
    steps: [],
    type: type.of,
    space: type.space,
    writable: type.writable,
    vector: false,
    span: { at: span.at, end: span.end },
  };
}

/** A pointer's place where a member or an element of it is named; other operands as they are. */
const throughPointer = (base: Operand, span: Span): Operand =>
  !isReference(base) && base.type.kind === "pointer" ? pointedTo(base, span) : base;

const inside = (base: Reference, type: Type, offset: number, slot: number, span: Span): Reference => ({
  ...base,
  steps: [...base.steps, { kind: "inside", type, offset, slot }],
  type,
  vector: base.type.kind === "vector",
  span: { at: span.at, end: span.end },
});

/** `base.member`: a member of a struct, or components of a vector. */
export function memberOf(given: Operand, member: Label, span: Span): Operand {
  const base = throughPointer(given, span);
  const { type } = base;
  if (type.kind === "struct") {
    const found = type.members.find(({ name }) => name === member.name);
    if (!found) throw fail(`${type.name} has no member ${member.name}`, member);
    if (isReference(base)) return inside(base, found.type, found.offset, found.slot, span);
    return pick(base, numbersFrom(found.slot, found.type.slots), found.type, span);
  }
  if (type.kind !== "vector") throw fail(`a ${type.name} has no member ${member.name}`, member);
  const letters = /^[xyzw]{1,4}$/.test(member.name) ? "xyzw" : "rgba";
  const slots = [...member.name].map((letter) => letters.indexOf(letter));
  if (slots.length > 4 || slots.some((slot) => slot < 0 || slot >= type.width)) {
    throw fail(`a ${type.name} has no ${member.name}`, member);
  }
  const [only] = slots;
  if (slots.length > 1 || only === undefined) return pick(loaded(base), slots, vectorOf(slots.length, type.of), span);
  return isReference(base) ? inside(base, type.of, only * type.of.size, only, span) : pick(base, [only], type.of, span);
}

const numbersFrom = (first: number, count: number): number[] => Array.from({ length: count }, (_, i) => first + i);

/** What a vector, a matrix or an array has elements of, how many, and bytes from one to the next. */
function elementsOf(type: Type): { of: Type; count: number | undefined; stride: number } | undefined {
  if (type.kind === "vector") return { of: type.of, count: type.width, stride: type.of.size };
  if (type.kind === "matrix") return { of: type.column, count: type.columns, stride: type.stride };
  if (type.kind === "array") return { of: type.of, count: type.count, stride: type.stride };
  return undefined;
}

/** A constant index, which has to be one of an element. */
function knownIndex(index: number, count: number | undefined, type: Type, { at }: Span): number {
  if (index >= 0 && (count === undefined || index < count)) return index;
  refuseValue(`the index ${index} of a ${type.name}`, at);
  return 0;
}

/** `base[index]`. A constant index out of range is refused. */
export function elementOf(given: Operand, index: Expression, node: Syntax): Operand {
  const base = throughPointer(given, node);
  const elements = elementsOf(base.type);
  if (!elements) throw fail(`a ${base.type.name} has no elements`, node);
  const number = converted(index, i32) ?? converted(index, u32);
  if (!number) throw fail(`an index is an i32 or a u32, not a ${index.type.name}`, index.span);
  const { of, count, stride } = elements;
  const known = number.kind === "constant" ? knownIndex(number.value[0] ?? 0, count, base.type, index.span) : undefined;
  const isKnown = known !== undefined && count !== undefined;
  if (isReference(base)) {
    if (isKnown) return inside(base, of, known * stride, known * of.slots, node);
    return {
      ...base,
      steps: [...base.steps, { kind: "element", type: of, index: number, count, stride }],
      type: of,
      vector: base.type.kind === "vector",
      span: { at: node.at, end: node.end },
    };
  }
  if (isKnown) return pick(base, numbersFrom(known * of.slots, of.slots), of, node);
  return {
    kind: "element",
    value: concrete(base),
    index: number,
    count: count ?? 0,
    type: concreteType(of),
    span: { at: node.at, end: node.end },
  };
}
