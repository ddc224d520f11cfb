import { dependenciesFirst } from "./order.ts";
import { definitionOf, predeclaredKindOf, type Scopes } from "./scopes.ts";
import type { Binary, Call, Expression, Name, Variable } from "./tree.ts";
import { expressionsIn } from "./walk.ts";

/** A number or boolean known at compile time. `int` and `float` are abstract: they fit several types. */
export type Constant =
  | { readonly type: "int" | "i32" | "u32" | "float" | "f32"; readonly value: number }
  | { readonly type: "bool"; readonly value: boolean };

type Numeric = Exclude<Constant, { type: "bool" }>;

/**
 * Evaluates constant expressions of a text whose names are resolved: numbers, booleans, their operators, and the
 * functions that sizes and bounds are computed with. Undefined for everything else, on overflow, and for a constant
 * that refers to itself.
 */
export function evaluator(scopes: Scopes): (expression: Expression) => Constant | undefined {
  let known: Map<Variable, Constant | undefined> | undefined;

  const evaluate = (expression: Expression): Constant | undefined => {
    switch (expression.kind) {
      case "literal":
        return literal(expression.text);
      case "name":
        return named(expression);
      case "call":
        return called(expression);
      case "unary": {
        const operand = evaluate(expression.operand);
        if (!operand) return undefined;
        if (operand.type === "bool") {
          return expression.sign === "!" ? { type: "bool", value: !operand.value } : undefined;
        }
        if (expression.sign === "-" && operand.type !== "u32") return fitting({ ...operand, value: -operand.value });
        if (expression.sign !== "~" || operand.type === "float" || operand.type === "f32") return undefined;
        return fitting({ ...operand, value: operand.type === "u32" ? ~operand.value >>> 0 : -operand.value - 1 });
      }
      case "binary":
        return binary(expression);
      default:
        return undefined;
    }
  };

  const constantOf = (name: Name): Variable | undefined => {
    const node = definitionOf(scopes, name)?.node;
    return node?.kind === "variable" && node.keyword === "const" ? node : undefined;
  };

  const named = (name: Name): Constant | undefined => {
    known ??= evaluateAll();
    const node = constantOf(name);
    return node && known.get(node); // undefined for a constant that refers to itself
  };

  /** Each constant once, after those that it refers to, so that a long chain does not recurse deeply. */
  const evaluateAll = () => {
    const values = new Map<Variable, Constant | undefined>();
    known = values;
    const constants = scopes.definitions.flatMap(({ node }) =>
      node.kind === "variable" && node.keyword === "const" ? [node] : [],
    );
    const referredTo = ({ value }: Variable) =>
      value
        ? [...expressionsIn(value)].flatMap((inner) => (inner.kind === "name" ? (constantOf(inner) ?? []) : []))
        : [];
    for (const node of dependenciesFirst(constants, referredTo)) {
      const value = node.value && evaluate(node.value);
      values.set(node, value && node.type ? converted(value, typeName(scopes, node.type), false) : value);
    }
    return values;
  };

  const called = ({ callee, values }: Call): Constant | undefined => {
    const given: Constant[] = [];
    for (const value of values) {
      const constant = evaluate(value);
      if (!constant) return undefined;
      given.push(constant);
    }
    const [first, second, third] = given;
    const type = typeName(scopes, callee);
    if (type !== undefined) return first && given.length === 1 ? converted(first, type, true) : undefined;
    if (predeclaredKindOf(scopes, callee) !== "function" || !first) return undefined;
    if (callee.name === "select") {
      if (!second || third?.type !== "bool") return undefined;
      const [no, yes] = first.type === "bool" || second.type === "bool" ? [first, second] : unified(first, second);
      return no?.type === yes?.type ? (third.value ? yes : no) : undefined;
    }
    const numbers = given.filter((constant): constant is Numeric => constant.type !== "bool");
    const apply = functions[callee.name];
    const [a, b, c] = commonType(numbers) ?? [];
    if (!apply || !a || numbers.length !== apply.length || given.length !== apply.length) return undefined;
    return fitting({ ...a, value: apply(a.value, b?.value ?? 0, c?.value ?? 0) });
  };

  const binary = ({ sign, left, right }: Binary): Constant | undefined => {
    const a = evaluate(left);
    // The right side of && and || is not evaluated where the left side decides.
    if (a?.type === "bool" && ((sign === "&&" && !a.value) || (sign === "||" && a.value))) return a;
    const b = evaluate(right);
    if (!a || !b) return undefined;
    if (a.type === "bool" || b.type === "bool") {
      if (a.type !== "bool" || b.type !== "bool") return undefined;
      const apply = truths[sign];
      return apply && { type: "bool", value: apply(a.value, b.value) };
    }
    if (sign === "<<" || sign === ">>") {
      if (a.type === "float" || a.type === "f32" || (b.type !== "u32" && b.type !== "int")) return undefined;
      if (b.value < 0 || b.value > 31) return undefined;
      return fitting({
        ...a,
        value: sign === "<<" ? a.value * 2 ** b.value : Math.floor(a.value / 2 ** b.value),
      });
    }
    const [x, y] = unified(a, b);
    if (!x || !y) return undefined;
    const compare = comparisons[sign];
    if (compare) return { type: "bool", value: compare(x.value, y.value) };
    const isWhole = x.type !== "float" && x.type !== "f32";
    const apply = arithmetic[sign] ?? (isWhole ? bitwise[sign] : undefined);
    if (!apply || (y.value === 0 && (sign === "/" || sign === "%"))) return undefined;
    const value = apply(x.value, y.value);
    if (bitwise[sign] && (Math.abs(x.value) >= 2 ** 32 || Math.abs(y.value) >= 2 ** 32)) return undefined;
    if (!isWhole) return fitting({ ...x, value });
    return fitting({ ...x, value: bitwise[sign] && x.type === "u32" ? value >>> 0 : Math.trunc(value) });
  };

  return evaluate;
}

/** The value of an expression if it is a whole number. */
export function wholeNumber(constant: Constant | undefined): number | undefined {
  return constant && (constant.type === "int" || constant.type === "i32" || constant.type === "u32")
    ? constant.value
    : undefined;
}

/** The name of the predeclared type that a name stands for, through aliases; undefined for another. */
export function typeName(scopes: Scopes, name: Name): string | undefined {
  const node = definitionOf(scopes, name)?.node;
  const plain = node?.kind === "alias" ? scopes.aliased.get(node) : name;
  return plain && predeclaredKindOf(scopes, plain) === "type" ? plain.name : undefined;
}

const arithmetic: Readonly<Record<string, (x: number, y: number) => number>> = {
  "+": (x, y) => x + y,
  "-": (x, y) => x - y,
  "*": (x, y) => x * y,
  "/": (x, y) => x / y,
  "%": (x, y) => x % y,
};
const bitwise: Readonly<Record<string, (x: number, y: number) => number>> = {
  "&": (x, y) => x & y,
  "|": (x, y) => x | y,
  "^": (x, y) => x ^ y,
};
const comparisons: Readonly<Record<string, (x: number, y: number) => boolean>> = {
  "<": (x, y) => x < y,
  ">": (x, y) => x > y,
  "<=": (x, y) => x <= y,
  ">=": (x, y) => x >= y,
  "==": (x, y) => x === y,
  "!=": (x, y) => x !== y,
};
const truths: Readonly<Record<string, (x: boolean, y: boolean) => boolean>> = {
  "&&": (x, y) => x && y,
  "||": (x, y) => x || y,
  "&": (x, y) => x && y,
  "|": (x, y) => x || y,
  "==": (x, y) => x === y,
  "!=": (x, y) => x !== y,
};
const functions: Readonly<Record<string, (x: number, y: number, z: number) => number>> = {
  min: (x: number, y: number) => Math.min(x, y),
  max: (x: number, y: number) => Math.max(x, y),
  abs: (x: number) => Math.abs(x),
  clamp: (x, low, high) => Math.min(Math.max(x, low), high),
};

function literal(text: string): Constant | undefined {
  if (text === "true" || text === "false") return { type: "bool", value: text === "true" };
  const isHex = /^0[xX]/.test(text);
  const isWhole = isHex ? !/[.pP]/.test(text) : !/[.eEfh]/.test(text);
  const [, suffix = ""] = (isWhole ? /([iu])$/ : isHex ? /[pP].*([fh])$/ : /([fh])$/).exec(text) ?? [];
  if (suffix === "h") return undefined;
  if (isHex && !isWhole) return undefined; // a hexadecimal float: no bound is written as one
  const value = Number(suffix === "" ? text : text.slice(0, -1));
  const type = suffix === "i" ? "i32" : suffix === "u" ? "u32" : suffix === "f" ? "f32" : isWhole ? "int" : "float";
  return fitting({ type, value });
}

/** The constant, or undefined if its type has no such value. */
function fitting(constant: Numeric): Numeric | undefined {
  const { type, value } = constant;
  if (type === "float") return Number.isFinite(value) ? constant : undefined;
  if (type === "f32") return Number.isFinite(Math.fround(value)) ? { type, value: Math.fround(value) } : undefined;
  if (!Number.isSafeInteger(value)) return undefined;
  if (type === "i32" && (value < -(2 ** 31) || value >= 2 ** 31)) return undefined;
  if (type === "u32" && (value < 0 || value >= 2 ** 32)) return undefined;
  return { type, value: value + 0 }; // -0 becomes 0
}

/** The constant converted to another type: implicitly, as for a declared type, or as a constructor does (`isCast`). */
function converted(constant: Constant, type: string | undefined, isCast: boolean): Constant | undefined {
  if (constant.type === type) return constant;
  if (type === "bool") return isCast ? { type: "bool", value: Boolean(constant.value) } : undefined;
  if (type !== "i32" && type !== "u32" && type !== "f32") return undefined;
  if (constant.type === "bool") return isCast ? { type, value: Number(constant.value) } : undefined;
  const { type: from, value } = constant;
  const isImplicit = from === "int" || (from === "float" && type === "f32");
  if (!isImplicit && !isCast) return undefined;
  if (from === "i32" && type === "u32") return { type, value: value >>> 0 };
  if (from === "u32" && type === "i32") return { type, value: value | 0 };
  return fitting({ type, value: type === "f32" ? value : Math.trunc(value) });
}

/** Two numbers converted to their common type; undefined if they have none. */
function unified(a: Constant, b: Constant): readonly [Numeric, Numeric] | readonly [undefined, undefined] {
  const [x, y] = a.type === "bool" || b.type === "bool" ? [] : (commonType([a, b]) ?? []);
  return x && y ? [x, y] : [undefined, undefined];
}

function commonType(numbers: readonly Numeric[]): Numeric[] | undefined {
  const concrete = new Set(numbers.map(({ type }) => type).filter((type) => type !== "int" && type !== "float"));
  const type = [...concrete][0] ?? (numbers.some((one) => one.type === "float") ? "float" : "int");
  if (concrete.size > 1) return undefined;
  const all = numbers.map((one): Constant | undefined =>
    one.type === type ? one : type === "float" ? { type, value: one.value } : converted(one, type, false),
  );
  return all.every((one): one is Numeric => one !== undefined && one.type !== "bool") ? all : undefined;
}
