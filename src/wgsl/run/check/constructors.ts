// Value constructors (WGSL, section 17.1): `vec4(…)`, `f32(x)`, `array(…)`, structs, and zero values.
import type { Call } from "../../tree.ts";
import type { Expression } from "../program.ts";
import {
  abstractFloat,
  abstractInt,
  arrayOf,
  isFloat,
  type MatrixType,
  matrixOf,
  type ScalarType,
  scalarOf,
  type Type,
  type VectorType,
  vectorOf,
  withScalar,
} from "../types.ts";
import { unified } from "./builtins.ts";
import { fail } from "./context.ts";
import { compose, constant, convert, converted, splat } from "./fold.ts";
import { isConstructible } from "./rules/type-rules.ts";

const zero = (type: Type, call: Call): Expression => constant(type, Array<number>(type.slots).fill(0), call);

const refuse = (call: Call, type: Type | undefined, given: readonly Expression[]) =>
  fail(`${type?.name ?? call.callee.name} of ${given.map((one) => one.type.name).join(", ") || "nothing"}`, call);

/** A value of a type that the text names in full. */
export function construct(type: Type, given: readonly Expression[], call: Call): Expression {
  if (!isConstructible(type)) throw refuse(call, type, given);
  if (given.length === 0) return zero(type, call);
  const [only] = given;
  const [from, to] = [only && scalarOf(only.type), scalarOf(type)];
  if (given.length === 1 && only && from && to && withScalar(only.type, to) === type) return convert(only, type, call);
  if (type.kind === "vector") return vectorFrom(type, given, call);
  if (type.kind === "matrix") return matrixFrom(type, given, call);
  const parts = type.kind === "array" ? Array<Type>(type.count ?? 0).fill(type.of) : membersOf(type);
  if (parts.length !== given.length) throw refuse(call, type, given);
  const values = given.map((value, i) => converted(value, parts[i] as Type));
  if (values.some((value) => value === undefined)) throw refuse(call, type, given);
  return compose(type, values as Expression[], call);
}

const membersOf = (type: Type): Type[] => (type.kind === "struct" ? type.members.map((one) => one.type) : []);

function vectorFrom(type: VectorType, given: readonly Expression[], call: Call): Expression {
  const [only] = given;
  if (given.length === 1 && only?.type.kind === "scalar") {
    const value = converted(only, type.of);
    if (value) return splat(value, type);
  }
  const values = given.map((value) => converted(value, withScalar(value.type, type.of)));
  const slots = values.reduce(
    (sum, value) => sum + (value?.type.kind === "scalar" || value?.type.kind === "vector" ? value.type.slots : 99),
    0,
  );
  if (slots !== type.width) throw refuse(call, type, given);
  return compose(type, values as Expression[], call);
}

function matrixFrom(type: MatrixType, given: readonly Expression[], call: Call): Expression {
  const { columns, column } = type;
  const isColumns = given.length === columns;
  if (!isColumns && given.length !== type.slots) throw refuse(call, type, given);
  const values = given.map((value) => converted(value, isColumns ? column : column.of));
  if (values.some((value) => value === undefined)) throw refuse(call, type, given);
  return compose(type, values as Expression[], call);
}

/** `vec3(…)`, `mat2x2(…)` or `array(…)`, whose scalars are those of the values; undefined for another name. */
export function inferred(given: readonly Expression[], call: Call): Expression | undefined {
  const { name, template } = call.callee;
  if (template.length > 0) return undefined;
  if (name === "array") return arrayFrom(given, call);
  const vector = /^vec([234])$/.exec(name);
  const matrix = /^mat([234])x([234])$/.exec(name);
  if (!vector && !matrix) return undefined;
  if (vector && given.length === 0) return zero(vectorOf(Number(vector[1]), abstractInt), call);
  const values = given.length > 0 ? unified(given) : undefined;
  const scalar = values && (scalarOf((values[0] as Expression).type) as ScalarType);
  if (!values || !scalar) throw refuse(call, undefined, given);
  if (vector) {
    const type = vectorOf(Number(vector[1]), scalar);
    return values.length === 1 && values[0]?.type === type ? values[0] : vectorFrom(type, values, call);
  }
  const of = scalar === abstractInt ? abstractFloat : scalar;
  if (!isFloat(of)) throw refuse(call, undefined, given);
  return construct(matrixOf(Number(matrix?.[1]), Number(matrix?.[2]), of), values, call);
}

function arrayFrom(given: readonly Expression[], call: Call): Expression {
  const [first] = given;
  if (!first) throw refuse(call, undefined, given);
  const values = scalarOf(first.type) ? unified(given) : ofOneType(given);
  const type = values?.[0]?.type;
  if (!values || !type || values.some((value) => value.type !== type)) throw refuse(call, undefined, given);
  return compose(arrayOf(type, values.length), values, call);
}

/** All values as the type of one of them; undefined if they do not become that. */
function ofOneType(given: readonly Expression[]): readonly Expression[] | undefined {
  for (const type of new Set(given.map((one) => one.type))) {
    const found = given.flatMap((one) => converted(one, type) ?? []);
    if (found.length === given.length) return found;
  }
  return undefined;
}
