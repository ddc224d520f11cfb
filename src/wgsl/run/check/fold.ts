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
import { fitsAbstract, wholeNumberFunction } from "./abstract-integers.ts";
import { constantIn, conversionRank } from "./ranges.ts";
import { refuseValue } from "./refusals.ts";

type Known = Extract<Expression, { kind: "constant" }>;

export const constant = (type: Type, value: Constant, { at, end }: Span): Known => ({
  kind: "constant",
  type,
  value,
  span: { at, end },
});

/** Abstract integers. Those beyond 64 bits are refused. */
export function wholeConstant(type: Type, given: readonly bigint[], { at, end }: Span, what = "this"): Known {
  const exact = given.map((one) => {
    if (fitsAbstract(one)) return one;
    refuseValue(`${what} is ${one}, which has more than 64 bits`, at);
    return 0n;
  });
  const value = exact.map(Number);
  const found = constant(type, value, { at, end });
  return value.every(Number.isSafeInteger) ? found : { ...found, exact };
}

const wholeOf = ({ value, exact }: Known): readonly bigint[] => exact ?? value.map(BigInt);

const isKnown = (expression: Expression): expression is Known => expression.kind === "constant";

/** The expressions, if all of them are constants. */
const constantsOf = (expressions: readonly Expression[]): readonly Known[] | undefined =>
  expressions.every(isKnown) ? expressions : undefined;

function inRange(value: number, type: ScalarType, what: string, { at }: Span): number {
  const fitting = constantIn(value, type);
  if (fitting === undefined) refuseValue(`${what} is ${value}, which no ${type.name} is`, at);
  return fitting ?? 0;
}

/** What an operation gives: browsers round f32 first, of others they refuse what is above the largest number. */
const resultIn = (value: number, type: ScalarType, what: string, span: Span): number =>
  inRange(type === f32 ? Math.fround(value) : value, type, what, span);

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

/** The concrete type that a value of this type becomes: of i32 and f32 for abstract numbers. */
export function concreteType(type: Type): Type {
  const scalar = innermost(type);
  return scalar && isAbstract(scalar) ? withScalar(type, scalar === abstractFloat ? f32 : i32) : type;
}

/** A value of its concrete type. */
export const concrete = (expression: Expression): Expression =>
  converted(expression, concreteType(expression.type)) ?? expression;

/** The same scalar in each component of a vector type; other values as they are. */
export function splat(expression: Expression, type: Type): Expression {
  if (expression.type === type || expression.type.kind !== "scalar" || type.kind !== "vector") return expression;
  return pick(expression, Array<number>(type.width).fill(0), type, expression.span);
}

export function pick(value: Expression, slots: readonly number[], type: Type, { at, end }: Span): Expression {
  const span = { at, end };
  if (!isKnown(value)) return { kind: "pick", value, slots, type, span };
  const { exact } = value;
  if (exact)
    return wholeConstant(
      type,
      slots.map((slot) => exact[slot] ?? 0n),
      span,
    );
  return constant(
    type,
    slots.map((slot) => value.value[slot] ?? 0),
    span,
  );
}

export function compose(type: Type, parts: readonly Expression[], { at, end }: Span): Expression {
  const span = { at, end };
  const known = constantsOf(parts);
  if (!known) return { kind: "compose", parts, type, span };
  if (known.some(({ exact }) => exact)) return wholeConstant(type, known.flatMap(wholeOf), span);
  return constant(
    type,
    known.flatMap(({ value }) => value),
    span,
  );
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
  return inRange(isAbstract(from) || isFloat(to) ? value : roundTo(value, to.scalar), to, "this", span);
}

/** An operator of operands that have its types already. Throws for what WGSL refuses in constants. */
export function operator(sign: string, operands: readonly Expression[], type: Type, { at, end }: Span): Expression {
  const span = { at, end };
  const [left, right] = operands as [Expression, Expression | undefined];
  if (right) checkRight(sign, right, left.type, span);
  const known = constantsOf(operands);
  if (!known) return { kind: "operator", sign, operands, type, span };
  const [first, second] = known as [Known, Known | undefined];
  if (!second) return scalarwise(sign, known, type, span);
  checkBoth(sign, first, second, span);
  const isMatrix = sign === "*" && (left.type.kind === "matrix" || second.type.kind === "matrix");
  if (isMatrix && left.type.kind !== "scalar" && second.type.kind !== "scalar") {
    return constant(type, matrixProduct(first, second), span);
  }
  return scalarwise(sign, known, type, span);
}

/** What WGSL refuses by its right operand alone, for any left one. */
function checkRight(sign: string, right: Expression, type: Type, { at }: Span): void {
  if (right.kind !== "constant") return;
  const scalar = scalarOf(right.type);
  if (!scalar || isFloat(scalar)) return;
  if ((sign === "/" || sign === "%") && right.value.includes(0)) refuseValue("an integer divided by 0", at);
  if ((sign !== "<<" && sign !== ">>") || scalarOf(type) === abstractInt) return;
  const most = right.value.reduce((a, b) => Math.max(a, b), 0);
  if (most >= 32) refuseValue(`a shift by ${most} bits, of 32`, at);
}

/** What WGSL refuses in constants, though in a run it wraps. */
function checkBoth(sign: string, left: Known, right: Known, { at }: Span): void {
  const scalar = scalarOf(left.type);
  const isWrong = overflows[`${sign} ${scalar?.scalar}`];
  const bits = (i: number) => right.value[right.value.length === 1 ? 0 : i] ?? 0;
  const wrong = isWrong && left.value.find((one, i) => isWrong(one, bits(i)));
  if (wrong !== undefined) refuseValue(`${wrong} ${sign} here is no ${scalar?.name}`, at);
}

const overflows: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  "/ i32": (a, b) => a === -(2 ** 31) && b === -1,
  "% i32": (a, b) => a === -(2 ** 31) && b === -1,
  "<< i32": (a, b) => (a << b) >> b !== a,
  "<< u32": (a, b) => (a << b) >>> b !== a,
};

/** One function for each scalar of the operands; a scalar among vectors counts for each component. */
function scalarwise(name: string, operands: readonly Known[], type: Type, span: Span): Known {
  const from = scalarOf((operands[0] as Known).type);
  const to = scalarOf(type);
  const count = Math.max(...operands.map(({ value }) => value.length));
  if (from === abstractInt) return wholewise(name, operands, count, type, span);
  const apply = from && scalarFunction(name, from.scalar);
  if (!to || !apply) throw noConstant(name, operands, span);
  const at = (which: number, i: number) => component(operands[which]?.value ?? [0], i);
  const found = Array.from({ length: count }, (_, i) =>
    resultIn(apply(at(0, i), at(1, i), at(2, i), at(3, i)), to, `${name} here`, span),
  );
  return constant(type, found, span);
}

const component = <T>(values: readonly T[], i: number): T => values[values.length === 1 ? 0 : i] as T;

const noConstant = (name: string, operands: readonly Expression[], { at }: Span): WgslError =>
  new WgslError(`${name} of ${operands.map((one) => one.type.name).join(", ")} is no constant`, at);

/** The same of abstract integers. */
function wholewise(name: string, operands: readonly Known[], count: number, type: Type, span: Span): Known {
  const apply = wholeNumberFunction(name);
  if (!apply) throw noConstant(name, operands, span);
  const values = operands.map(wholeOf);
  const at = (which: number, i: number) => component(values[which] ?? [0n], i);
  const found = Array.from({ length: count }, (_, i) => apply(at(0, i), at(1, i), at(2, i)));
  return wholeConstant(type, found, span, `${name} here`);
}

/** The product of two matrices, or of a matrix and a vector; every step is rounded, as in a run. */
function matrixProduct(left: Known, right: Known): number[] {
  const scalar = scalarOf(left.type) as ScalarType;
  const round = (value: number) => resultIn(value, scalar, "* here", left.span);
  const [a, b] = [left.value, right.value];
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
  if (!whole) return scalarwise(name, known, type, span);
  const [first, second] = known as [Known, Known | undefined];
  const scalar = scalarOf(first.type) ?? u32;
  if (scalar === abstractInt && second) return wholeDot(first, second, type, span);
  const columns = first.type.kind === "matrix" ? first.type.columns : 1;
  const found = whole(
    known.map(({ value }) => value),
    scalar.scalar,
    columns,
  );
  const places = placesOf(type);
  return constant(
    type,
    found.map((one, i) => resultIn(one, (places[i] ?? { scalar }).scalar, `${name} here`, span)),
    span,
  );
}

/** `dot`, the one function of several components that takes abstract integers. */
function wholeDot(first: Known, second: Known, type: Type, span: Span): Known {
  const [a, b] = [wholeOf(first), wholeOf(second)];
  const products = a.map((one, i) => one * (b[i] ?? 0n));
  return wholeConstant(type, [products.reduce((sum, one) => sum + one)], span, "dot here");
}
