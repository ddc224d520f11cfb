import { definitionOf, predeclaredKindOf } from "../../scopes.ts";
import type { Binary, Call, FunctionDeclaration, Name, Span, Expression as Syntax } from "../../tree.ts";
import { bitcastScalars } from "../operations-packed.ts";
import type { Expression, Variable } from "../program.ts";
import {
  abstractInt,
  bool,
  f16,
  isFloat,
  matrixOf,
  pointerTo,
  type ScalarType,
  scalarOf,
  type Type,
  u32,
  vectorOf,
  withScalar,
} from "../types.ts";
import { callBuiltin, constantSecond, signatures, unified } from "./builtins.ts";
import { construct, inferred } from "./constructors.ts";
import { type Context, checkNoOverride, fail, isReference, loaded, type Operand } from "./context.ts";
import { concrete, constant, converted, operator, splat, wholeConstant } from "./fold.ts";
import { literalOf } from "./literals.ts";
import { callMemory, isMemoryFunction } from "./memory.ts";
import { elementOf, memberOf, pointedTo } from "./places.ts";
import { refuseValue, withoutValues } from "./refusals.ts";
import { stageOf } from "./rules/attributes.ts";

const relations = new Set(["==", "!=", "<", "<=", ">", ">="]);

/** The value of an expression. Throws `WgslError` where its types do not fit. */
export const valueIn = (context: Context, node: Syntax): Expression => loaded(operandOf(context, node));

/** The value of an expression as one of the type. */
export function valueAs(context: Context, node: Syntax, type: Type, what: string): Expression {
  const value = valueIn(context, node);
  const as = converted(value, type);
  if (!as) throw fail(`${what} is a ${type.name}, not a ${value.type.name}`, node);
  return as;
}

/** A value, or the place that an expression names. */
export function operandOf(context: Context, node: Syntax): Operand {
  switch (node.kind) {
    case "literal": {
      const { type, value, whole } = literalOf(node.text, node.at);
      if (type === f16 && !context.features.has("f16")) throw fail("f16 needs enable f16;", node);
      return whole === undefined ? constant(type, [value], node) : wholeConstant(type, [whole], node);
    }
    case "name":
      return named(context, node);
    case "call": {
      const value = called(context, node);
      if (returnsNothing(value)) throw fail(`${node.callee.name} returns no value`, node);
      return value;
    }
    case "member":
      return memberOf(operandOf(context, node.base), node.member, node);
    case "index":
      return elementOf(operandOf(context, node.base), concreteIndex(context, node.index), node);
    case "unary":
      return unary(context, node.sign, node.operand, node);
    case "binary":
      return binary(context, node);
  }
}

const concreteIndex = (context: Context, node: Syntax): Expression => {
  const index = valueIn(context, node);
  const scalar = scalarOf(index.type);
  return scalar && !isFloat(scalar) ? concrete(index) : index;
};

function named(context: Context, name: Name): Operand {
  takesNoTemplate(name);
  const definition = definitionOf(context.scopes, name);
  const meaning = definition && context.meaningOf(definition);
  if (!meaning) throw fail(definition ? `${name.name} is no value` : `${name.name} is not declared`, name);
  return "kind" in meaning ? { ...meaning, span: { at: name.at, end: name.end } } : placeOf(meaning, name);
}

/** The place of a variable in memory; the value of a `let` or of a parameter. */
function placeOf(variable: Variable, { at, end }: Span): Operand {
  const { type, space, writable } = variable;
  const span = { at, end };
  if (!space) return { kind: "value", variable, type, span };
  return { root: variable, steps: [], type, space, writable, vector: false, span };
}

function unary(context: Context, sign: string, node: Syntax, whole: Span): Operand {
  const operand = operandOf(context, node);
  if (sign === "&") {
    if (!isReference(operand)) throw fail("& of a value, which has no address", whole);
    if (operand.vector) throw fail("& of a component of a vector", whole);
    const type = pointerTo(operand.space, operand.type, operand.writable);
    return { kind: "address", of: operand, type, span: { at: whole.at, end: whole.end } };
  }
  const value = loaded(operand);
  if (sign === "*") return pointedTo(value, whole);
  const scalar = scalarOf(value.type);
  const fits =
    scalar &&
    value.type.kind !== "matrix" &&
    (sign === "!"
      ? scalar === bool
      : sign === "~"
        ? scalar !== bool && !isFloat(scalar)
        : scalar !== bool && scalar !== u32);
  if (!fits) throw fail(`${sign} of a ${value.type.name}`, whole);
  return operator(sign === "-" ? "negate" : sign, [value], value.type, whole);
}

function binary(context: Context, node: Binary): Expression {
  const left = valueIn(context, node.left);
  const read = () => valueIn(context, node.right);
  return binaryOf(node.sign, left, decides(node.sign, left) ? withoutValues(read) : read(), node);
}

/** Whether the left side of `&&` or `||` is a constant with which the right side does not count. */
const decides = (sign: string, left: Expression): boolean =>
  (sign === "&&" || sign === "||") && left.kind === "constant" && left.value[0] === (sign === "&&" ? 0 : 1);

/** `left sign right` of values, each made of the type that the operator takes. */
export function binaryOf(sign: string, left: Expression, right: Expression, span: Span): Expression {
  const refuse = () => fail(`${left.type.name} ${sign} ${right.type.name}`, span);
  if (sign === "&&" || sign === "||") {
    if (left.type !== bool || right.type !== bool) throw refuse();
    if (left.kind === "constant") return decides(sign, left) ? left : right;
    return { kind: "logic", sign, left, right, type: bool, span: { at: span.at, end: span.end } };
  }
  if (sign === "<<" || sign === ">>") return shift(sign, left, right, span, refuse);
  const isMatrix = left.type.kind === "matrix" || right.type.kind === "matrix";
  if (isMatrix) return matrixOperator(sign, left, right, span, refuse);
  const [a, b] = unified([left, right]) ?? [];
  const scalar = a && scalarOf(a.type);
  if (!a || !b || !scalar || !takes(sign, scalar)) throw refuse();
  const isMixed = a.type.kind !== b.type.kind;
  if (isMixed && (relations.has(sign) || "&|^".includes(sign))) throw refuse();
  const shape = a.type.kind === "vector" ? a.type : b.type;
  const operands = [splat(a, shape), splat(b, shape)];
  if (operands.some(({ type }) => type !== shape)) throw refuse();
  return operator(sign, operands, relations.has(sign) ? withScalar(shape, bool) : shape, span);
}

function takes(sign: string, scalar: ScalarType): boolean {
  if (sign === "==" || sign === "!=") return true;
  if (sign === "&" || sign === "|") return !isFloat(scalar);
  if (sign === "^") return !isFloat(scalar) && scalar !== bool;
  return scalar !== bool;
}

function shift(sign: string, left: Expression, right: Expression, span: Span, refuse: () => Error): Expression {
  const scalar = scalarOf(left.type);
  const bits = converted(right, withScalar(right.type, u32));
  if (!scalar || !bits || scalar === bool || isFloat(scalar) || left.type.slots !== right.type.slots) throw refuse();
  const value = bits.kind === "constant" ? left : concrete(left);
  return operator(sign, [value, bits], value.type, span);
}

function matrixOperator(
  sign: string,
  left: Expression,
  right: Expression,
  span: Span,
  refuse: () => Error,
): Expression {
  const [of, other] = [scalarOf(left.type), scalarOf(right.type)];
  if (!of || !other) throw refuse();
  const scalar = left.type.kind === "matrix" ? of : other;
  const a = converted(left, withScalar(left.type, scalar));
  const b = converted(right, withScalar(right.type, scalar));
  const type = a && b && matrixResult(sign, a.type, b.type, scalar);
  if (!a || !b || !type) throw refuse();
  return operator(sign, [a, b], type, span);
}

/** The type of a sum or a product with a matrix (WGSL, section 8.7); undefined where WGSL has none. */
function matrixResult(sign: string, a: Type, b: Type, scalar: ScalarType): Type | undefined {
  if (sign === "+" || sign === "-") return a === b ? a : undefined;
  if (sign !== "*") return undefined;
  if (a.kind === "scalar") return b;
  if (b.kind === "scalar") return a;
  if (a.kind === "matrix" && b.kind === "vector") return a.columns === b.width ? a.column : undefined;
  if (a.kind === "vector" && b.kind === "matrix")
    return a.width === b.column.width ? vectorOf(b.columns, scalar) : undefined;
  if (a.kind !== "matrix" || b.kind !== "matrix" || a.columns !== b.column.width) return undefined;
  return matrixOf(b.columns, a.column.width, scalar);
}

const returnsNothing = (value: Expression): boolean =>
  value.kind === "call" ? !value.callee.result : value.kind === "memory" && value.name === "atomicStore";

/** A call, or the value that is constructed. What returns nothing has a type all the same. */
export function called(context: Context, call: Call): Expression {
  const { callee } = call;
  const definition = definitionOf(context.scopes, callee);
  const span = { at: call.at, end: call.end };
  if (definition?.node.kind === "function") {
    checkCallee(definition.node, callee);
    const target = context.functionOf(definition.node);
    if (call.values.length !== target.parameters.length) {
      throw fail(`${target.name} takes ${target.parameters.length} arguments`, call);
    }
    const values = target.parameters.map(({ type, name }, i) => valueAs(context, call.values[i] as Syntax, type, name));
    return { kind: "call", callee: target, values, type: target.result ?? bool, span };
  }
  const type = context.typeOf(callee);
  const isPredeclared = !definition && predeclaredKindOf(context.scopes, callee);
  if (!type && callee.name !== "bitcast") takesNoTemplate(callee);
  const values = call.values.map((node) => valueIn(context, node));
  if (isPredeclared && isMemoryFunction(callee.name)) return callMemory(call, values);
  if (type) return construct(type, values, call);
  if (!isPredeclared) throw fail(`${callee.name} is no function`, callee);
  if (callee.name === "bitcast") return bitcast(context, call, values);
  const found = inferred(values, call);
  if (found) return found;
  const signature = signatures.get(callee.name);
  if (!signature) throw fail(`${callee.name} is not run here`, callee);
  needsFeature(context, callee);
  if (constantSecond.has(callee.name) && call.values[1])
    checkNoOverride(context, call.values[1], "the second argument");
  return callBuiltin(callee.name, signature, values, span, (why) => fail(`${callee.name}: ${why}`, call));
}

/** Throws for a call of an entry point. */
function checkCallee(node: FunctionDeclaration, callee: Name): void {
  if (stageOf(node)) throw fail(`${callee.name} is an entry point, which nothing calls`, callee);
  takesNoTemplate(callee);
}

function takesNoTemplate(name: Name): void {
  if (name.template.length > 0) throw fail(`${name.name} takes nothing in <>`, name);
}

function needsFeature({ features }: Context, { name, at, end }: Name): void {
  if (/^(subgroup|quad)/.test(name) && !features.has("subgroups"))
    throw fail(`${name} needs enable subgroups;`, { at, end });
}

/** Abstract integers as bits of i32, or of u32 where they are too large for that. */
function wordsOf(given: Expression): Expression {
  const isLarge = given.kind === "constant" && given.value.some((one) => one >= 2 ** 31 && one < 2 ** 32);
  if (!isLarge || scalarOf(given.type) !== abstractInt) return concrete(given);
  const words = given.value.map((one) => (one >= -(2 ** 31) && one < 0 ? one + 2 ** 32 : one));
  return concrete(converted(constant(given.type, words, given.span), withScalar(given.type, u32)) ?? given);
}

function bitcast(context: Context, call: Call, [given, ...more]: readonly Expression[]): Expression {
  const [target, ...others] = call.callee.template;
  const type = target?.kind === "name" ? context.typeOf(target) : undefined;
  if (others.length > 0 || more.length > 0) throw fail("bitcast takes one type and one argument", call);
  const value = given && (type && scalarOf(type) === u32 ? wordsOf(given) : concrete(given));
  const bits = (of: Type | undefined) => {
    const scalar = of && (of.kind === "scalar" || of.kind === "vector") ? scalarOf(of) : undefined;
    return of && scalar && scalar !== bool ? of.slots * (scalar === f16 ? 16 : 32) : 0;
  };
  if (!type || !value || bits(type) === 0 || bits(type) !== bits(value.type))
    throw fail(`bitcast of ${value?.type.name}`, call);
  if (type === value.type) return value;
  const span = { at: call.at, end: call.end };
  if (value.kind !== "constant") return { kind: "builtin", name: "bitcast", values: [value], type, span };
  const [from, to] = [scalarOf(value.type) as ScalarType, scalarOf(type) as ScalarType];
  const numbers = bitcastScalars(value.value, from.scalar, to.scalar);
  if (numbers.every(Number.isFinite)) return constant(type, numbers, span);
  refuseValue(`bitcast of ${value.type.name} to what is not finite`, call.at);
  return constant(type, Array<number>(type.slots).fill(0), span);
}
