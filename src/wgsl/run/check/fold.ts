// Nodes of checked expressions, computed where all of their operands are constants.
import { WgslError } from "../../error.ts";
import type { Span } from "../../tree.ts";
import { floatToInteger, roundTo } from "../numbers.ts";
import { scalarFunction } from "../operations.ts";
import { wholeFunction } from "../operations-whole.ts";
import type { Constant, Expression } from "../program.ts";
import {
  abstractFloat,
  abstractInt,
  f32,
  i32,
  isAbstract,
  isFloat,
  placesOf,
  productPairs,
  type ScalarType,
  scalarOf,
  type Type,
  u32,
  withScalar,
} from "../types.ts";
import { constantIn, conversionRank } from "./ranges.ts";

export const constant = (type: Type, value: Constant, { at, end }: Span): Expression => ({
  kind: "constant",
  type,
  value,
  span: { at, end },
});

/** The values of constants; undefined if one of the expressions is not a constant. */
function constantsOf(expressions: readonly Expression[]): Constant[] | undefined {
  const values: Constant[] = [];
  for (const expression of expressions) {
    if (expression.kind !== "constant") return undefined;
    values.push(expression.value);
  }
  return values;
}

function inRange(value: number, type: ScalarType, what: string, span: Span): number {
  const fitting = constantIn(value, type);
  if (fitting === undefined) throw new WgslError(`${what} is ${value}, which no ${type.name} is`, span.at);
  return fitting;
}

/** The expression as one of the type, if WGSL converts it by itself; undefined if not. Throws for a number out of range. */
export function converted(expression: Expression, to: Type): Expression | undefined {
  const { type } = expression;
  if (type === to) return expression;
  const [from, scalar] = [innermost(type), innermost(to)];
  if (!from || !scalar || withScalar(type, scalar) !== to) return undefined;
  if (conversionRank(from.scalar, scalar.scalar) === undefined || expression.kind !== "constant") return undefined;
  const value = expression.value.map((one) => inRange(one, scalar, "this", expression.span));
  return constant(to, value, expression.span);
}

/** The scalars that a value consists of, if they are all of one type and it may be abstract. */
function innermost(type: Type): ScalarType | undefined {
  return type.kind === "array" ? innermost(type.of) : scalarOf(type);
}

/** A value of a concrete type: i32 and f32 for abstract numbers. */
export function concrete(expression: Expression): Expression {
  const scalar = innermost(expression.type);
  if (!scalar || !isAbstract(scalar)) return expression;
  return converted(expression, withScalar(expression.type, scalar === abstractFloat ? f32 : i32)) ?? expression;
}

/** The same scalar in each component of a vector type; other values as they are. */
export function splat(expression: Expression, type: Type): Expression {
  if (expression.type === type || expression.type.kind !== "scalar" || type.kind !== "vector") return expression;
  return pick(expression, Array<number>(type.width).fill(0), type, expression.span);
}

export function pick(value: Expression, slots: readonly number[], type: Type, { at, end }: Span): Expression {
  const span = { at, end };
  if (value.kind === "constant")
    return constant(
      type,
      slots.map((slot) => value.value[slot] ?? 0),
      span,
    );
  return { kind: "pick", value, slots, type, span };
}

export function compose(type: Type, parts: readonly Expression[], { at, end }: Span): Expression {
  const span = { at, end };
  const known = constantsOf(parts);
  return known ? constant(type, known.flat(), span) : { kind: "compose", parts, type, span };
}

/** A conversion that the text asks for, such as `u32(x)`. */
export function convert(value: Expression, to: Type, { at, end }: Span): Expression {
  if (value.type === to) return value;
  const span = { at, end };
  const [from, scalar] = [scalarOf(value.type), scalarOf(to)];
  if (value.kind !== "constant" || !from || !scalar) return { kind: "convert", value, type: to, span };
  if (isAbstract(from)) {
    const implied = converted(value, to);
    if (implied) return implied;
  }
  return constant(
    to,
    value.value.map((one) => convertScalar(one, from, scalar, span)),
    span,
  );
}

function convertScalar(value: number, from: ScalarType, to: ScalarType, span: Span): number {
  if (to.scalar === "bool") return value === 0 ? 0 : 1;
  if (isFloat(from) && !isFloat(to)) return floatToInteger(value, to.scalar as "i32" | "u32", from.scalar as "f32");
  if (isAbstract(from)) return inRange(value, to, "this", span);
  return inRange(roundTo(value, to.scalar), to, "this", span);
}

/** An operator of operands that have its types already. Throws for what WGSL refuses in constants. */
export function operator(sign: string, operands: readonly Expression[], type: Type, { at, end }: Span): Expression {
  const span = { at, end };
  const [left, right] = operands as [Expression, Expression | undefined];
  if (right) checkRight(sign, right, left.type, span);
  const values = constantsOf(operands);
  if (!values) return { kind: "operator", sign, operands, type, span };
  const isMatrix = sign === "*" && right && (left.type.kind === "matrix" || right.type.kind === "matrix");
  const found =
    isMatrix && left.type.kind !== "scalar" && right.type.kind !== "scalar"
      ? matrixProduct(left, right, values as [Constant, Constant])
      : scalarwise(sign, operands, values, type, span);
  return constant(type, found, span);
}

/** What WGSL refuses by its right operand alone, for any left one. */
function checkRight(sign: string, right: Expression, type: Type, { at }: Span): void {
  if (right.kind !== "constant") return;
  const scalar = scalarOf(right.type);
  if (!scalar || isFloat(scalar)) return;
  if ((sign === "/" || sign === "%") && right.value.includes(0)) throw new WgslError("an integer divided by 0", at);
  const width = scalarOf(type) === abstractInt ? 64 : 32;
  if ((sign === "<<" || sign === ">>") && right.value.some((bits) => bits >= width)) {
    throw new WgslError(`a shift by ${right.value.find((bits) => bits >= width)} bits, of ${width}`, at);
  }
}

/** One function for each scalar of the operands; a scalar among vectors counts for each component. */
function scalarwise(
  name: string,
  operands: readonly Expression[],
  values: readonly Constant[],
  type: Type,
  span: Span,
): number[] {
  const from = scalarOf((operands[0] as Expression).type);
  const to = scalarOf(type);
  const apply = from && scalarFunction(name, from.scalar);
  if (!to || !apply)
    throw new WgslError(`${name} of ${operands.map((one) => one.type.name).join(", ")} is no constant`, span.at);
  const count = Math.max(...values.map((one) => one.length));
  const at = (which: number, i: number) => values[which]?.[values[which]?.length === 1 ? 0 : i] ?? 0;
  return Array.from({ length: count }, (_, i) =>
    inRange(apply(at(0, i), at(1, i), at(2, i), at(3, i)), to, `${name} here`, span),
  );
}

/** The product of two matrices, or of a matrix and a vector; every step is rounded, as in a run. */
function matrixProduct(left: Expression, right: Expression, [a, b]: readonly [Constant, Constant]): number[] {
  const scalar = scalarOf(left.type) as ScalarType;
  const round = (value: number) => inRange(value, scalar, "* here", left.span);
  return productPairs(left.type, right.type).map((pairs) =>
    pairs.map(([i, j]) => round((a[i] ?? 0) * (b[j] ?? 0))).reduce((sum, product) => round(sum + product)),
  );
}

/** A call of a builtin function, whose values have its types already. */
export function builtin(name: string, values: readonly Expression[], type: Type, { at, end }: Span): Expression {
  const span = { at, end };
  // What other lanes have is not known, even of constants: some of them may be inactive.
  const known = /^(subgroup|quad)/.test(name) ? undefined : constantsOf(values);
  if (!known) return { kind: "builtin", name, values, type, span };
  const whole = wholeFunction(name);
  if (!whole) return constant(type, scalarwise(name, values, known, type, span), span);
  const first = (values[0] as Expression).type;
  const scalar = scalarOf(first) ?? u32;
  const columns = first.kind === "matrix" ? first.columns : 1;
  const found = whole(known, scalar.scalar, columns);
  const places = placesOf(type);
  return constant(
    type,
    found.map((one, i) => inRange(one, (places[i] ?? { scalar }).scalar, `${name} here`, span)),
    span,
  );
}
