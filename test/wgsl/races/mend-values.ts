// What wgsl_reflect's interpreter computes otherwise than a GPU.
import type {
  CallExpr as Call,
  Data,
  ScalarData as Scalar,
  TypedData as Typed,
  VectorData as Vector,
} from "wgsl_reflect";
// The package's entry for Node is CommonJS that Node takes for a module; its other file works.
// @ts-expect-error it has no types
import * as library from "wgsl_reflect/wgsl_reflect.module.js";
import type { Interpreter, Scope, Shape, Step, Watched } from "./interpreter.ts";

const { CallExpr, ScalarData, TrackedTypedData, VectorData, WgslExec } = library as typeof import("wgsl_reflect");

/** The methods of the interpreter that are mended. */
const mended = [
  "_callBuiltinFunction",
  "_evalBinaryOpValue",
  "_evalCallValue",
  "_evalLiteral",
  "_makeCwiseData",
  "_callConstructorVec",
] as const;

/**
 * Mends what it computes otherwise than a GPU: it shifts the highest bit of a u32 as a sign, multiplies integers as
 * floats, also in dot products, makes vectors of integers that hold floats, and takes an element of a vector in memory
 * for an access to all of it. The result undoes it.
 */
export function mendValues(): () => void {
  const interpreter = WgslExec.prototype as unknown as Interpreter;
  const own: Pick<Interpreter, (typeof mended)[number]> = Object.fromEntries(
    mended.map((name) => [name, interpreter[name]]),
  ) as never;
  const {
    _callBuiltinFunction,
    _evalBinaryOpValue,
    _evalCallValue,
    _evalLiteral,
    _makeCwiseData,
    _callConstructorVec,
  } = own;
  const truth = new WgslExec().getTypeInfo("bool" as never) as Typed["typeInfo"];
  interpreter._evalBinaryOpValue = function (this: Interpreter, node, context) {
    const [left, right] = [this.evalExpression(node.left, context), this.evalExpression(node.right, context)];
    const found = integers(node.operator, left, right) ?? scalar(node.operator, left, right, truth);
    return found ?? _evalBinaryOpValue.call(this, { ...node, left: known(left), right: known(right) }, context);
  };
  // A literal is no variable: it has one value.
  const literals = new WeakMap<object, Data>();
  interpreter._evalLiteral = function (this: Interpreter, node, context) {
    const value = literals.get(node) ?? _evalLiteral.call(this, node, context);
    literals.set(node, value);
    return value;
  };
  // A scope of its own for the arguments of a builtin takes longer than the builtin.
  interpreter._evalCallValue = function (this: Interpreter, call, context) {
    if (!call.isBuiltin || call.cachedReturnValue !== null) return _evalCallValue.call(this, call, context);
    return this._callBuiltinFunction(call, context);
  };
  interpreter._callBuiltinFunction = function (this: Interpreter, call, context) {
    if (call.name === "extractBits") return extracted(this, call, context);
    if (call.name !== "dot") return _callBuiltinFunction.call(this, call, context);
    const [left, right] = [0, 1].map((i) => this.evalExpression(call.args?.[i], context) as Vector);
    if (!left || !right) throw new Error("a dot product without operands");
    const sum = [...left.data].reduce((total, value, i) => total + Number(value) * Number(right.data[i]), 0);
    const type = left.data instanceof Float32Array ? "f32" : left.data instanceof Uint32Array ? "u32" : "i32";
    return new ScalarData(sum, this.getTypeInfo(type));
  };
  interpreter._makeCwiseData = function (this: Interpreter, values, type) {
    return /^vec/.test(type.name) ? vectorOf(values, type) : _makeCwiseData.call(this, values, type);
  };
  interpreter._callConstructorVec = function (this: Interpreter, node, context) {
    const { args, type, postfix = null } = node;
    const parts = args?.map((one) => this.evalExpression(one, context) as Scalar | Vector);
    const info = this.getTypeInfo(type) as Shape;
    if (!parts || parts.length === 0 || !info.format) return _callConstructorVec.call(this, node, context);
    const length = Number(info.name.at(-1));
    const given: number[] = [];
    for (const { data } of parts) for (const value of data) given.push(Number(value));
    const values = given.length === 1 ? Array<number>(length).fill(given[0] ?? 0) : given.slice(0, length);
    return vectorOf(values, info).getSubData(this as never, postfix as never, context as never);
  };

  // Of variables in scopes within scopes.
  const scopes = Object.getPrototypeOf(new WgslExec().context) as Scope;
  const { getVariable } = scopes;
  scopes.getVariable = function (this: Scope, name) {
    for (let scope: Scope | null = this; scope; scope = scope.parent) {
      const found = scope.variables.get(name);
      if (found !== undefined) return found;
    }
    return null;
  };

  const watched = TrackedTypedData.prototype as unknown as Watched;
  const { _range } = watched;
  watched._range = function (this: Watched, postfix, exec, context) {
    const range = _range.call(this, postfix, exec, context);
    const element = elementOf(this.typeInfo, postfix);
    if (!element) return range;
    const index =
      element.value === undefined ? this._evalIndex(element.index, exec, context) : "xyzw".indexOf(element.value);
    return index === null || index < 0 ? range : { ...range, offset: range.offset + 4 * index, size: 4 };
  };
  return () => {
    Object.assign(interpreter, own);
    Object.assign(watched, { _range });
    Object.assign(scopes, { getVariable });
  };
}

const numbersOf = { f32: Float32Array, u32: Uint32Array, i32: Int32Array } as Readonly<
  Record<string, typeof Float32Array | typeof Uint32Array | typeof Int32Array>
>;

/** A vector of the numbers that its type holds. */
function vectorOf(values: readonly number[], type: Shape): Vector {
  const numbers = numbersOf[type.format?.name ?? ""] ?? Float32Array;
  return new VectorData(numbers.from(values), type as Typed["typeInfo"]);
}

/** Bits of a u32, which the interpreter refuses. */
function extracted(interpreter: Interpreter, { args }: Call, context: Scope): Data {
  const [value, offset, count] = [0, 1, 2].map((i) => interpreter.evalExpression(args?.[i], context) as Scalar);
  if (!value || !offset || !count || !(value.data instanceof Uint32Array)) throw new Error("extractBits: not of a u32");
  const bits = count.value === 32 ? 0xffffffff : 2 ** count.value - 1;
  return new ScalarData(((value.value >>> offset.value) & bits) >>> 0, interpreter.getTypeInfo("u32"));
}

/** An expression that has a value already. */
const known = (value: Data) => Object.assign(new CallExpr("known", []), { cachedReturnValue: value });

/** A shift or a product of integers; undefined of floats. */
function integers(operator: string, left: Data, right: Data): Data | undefined {
  if (operator !== ">>" && operator !== "*") return undefined;
  const isInteger = (value: Data): value is Scalar | Vector =>
    (value instanceof ScalarData || value instanceof VectorData) && !(value.data instanceof Float32Array);
  if (!isInteger(left) || !isInteger(right)) return undefined;
  const isOther = !(left instanceof VectorData) && (right instanceof VectorData || left.typeInfo.name === "x32");
  const like = operator === "*" && isOther ? right : left; // a literal takes the other's type
  const at = ({ data }: Scalar | Vector, i: number) => Number(data[data.length === 1 ? 0 : i]);
  const one = (i: number) => {
    if (operator === "*") return Math.imul(at(left, i), at(right, i));
    return left.data instanceof Uint32Array ? at(left, i) >>> at(right, i) : at(left, i) >> at(right, i);
  };
  const data = like.data.map((_: number, i: number) => one(i));
  return like instanceof VectorData ? new VectorData(data, like.typeInfo) : new ScalarData(data, like.typeInfo);
}

const comparisons: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
  "==": (a, b) => a === b,
  "!=": (a, b) => a !== b,
  "&&": (a, b) => !!(a && b),
  "||": (a, b) => !!(a || b),
};
const computations: Readonly<Record<string, (a: number, b: number) => number>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "%": (a, b) => a % b,
  "&": (a, b) => a & b,
  "|": (a, b) => a | b,
  "^": (a, b) => a ^ b,
  "<<": (a, b) => a << b,
};

/** What the interpreter computes of two scalars, sooner; undefined of other values. */
function scalar(operator: string, left: Data, right: Data, truth: Typed["typeInfo"]): Data | undefined {
  if (!(left instanceof ScalarData) || !(right instanceof ScalarData)) return undefined;
  const [a, b] = [left.value, right.value];
  const compared = comparisons[operator]?.(a, b);
  if (compared !== undefined) return new ScalarData(compared ? 1 : 0, truth);
  const { typeInfo } = left.typeInfo.name === "x32" ? right : left; // a literal takes the other's type
  const isOne = typeInfo.name === right.typeInfo.name || right.typeInfo.name === "x32";
  const numbers = numbersOf[typeInfo.name];
  const value = numbers && isOne ? computations[operator]?.(a, b) : undefined;
  return numbers === undefined || value === undefined ? undefined : new ScalarData(numbers.of(value), typeInfo);
}

/** The access to one element of a vector at the end of a path; undefined for any other path. */
function elementOf(type: Typed["typeInfo"], path: Step | null): Step | undefined {
  let inner: Shape | undefined = type as Shape;
  for (let step = path; step; step = step.postfix ?? null) {
    if (inner?.isArray) inner = inner.format;
    else if (inner?.isStruct) inner = inner.members?.find(({ name }) => name === step?.value)?.type;
    else return /^vec/.test(inner?.name ?? "") && (step.value?.length ?? 1) === 1 ? step : undefined;
  }
  return undefined;
}
