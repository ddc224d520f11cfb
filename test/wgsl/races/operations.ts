// Which of the interpreter's steps are operations on f32, and how many.
import type { Data } from "wgsl_reflect";
// The package's entry for Node is CommonJS that Node takes for a module; its other file works.
// @ts-expect-error it has no types
import * as library from "wgsl_reflect/wgsl_reflect.module.js";

const { CallExpr, CreateExpr, LiteralExpr, ScalarData, VariableExpr, VectorData } =
  library as typeof import("wgsl_reflect");

/** The components of a value that are f32: none of an integer or a bool. */
export function floatsOf(value: Data | null | undefined): number {
  if (value instanceof ScalarData) return value.typeInfo.name === "f32" ? 1 : 0;
  if (!(value instanceof VectorData)) return 0;
  return /^vec[234](f|<f32>)$/.test(value.typeInfo.getTypeName()) ? value.data.length : 0;
}

/** Operators that compute. Comparisons, selections and conversions count nothing. */
export const arithmetic: ReadonlySet<string> = new Set(["+", "-", "*", "/", "%"]);
export const arithmeticAssignments: ReadonlySet<string> = new Set(["+=", "-=", "*=", "/=", "%="]);

/** Operations of a builtin for each component of its result. */
export const builtinOperations: Readonly<Record<string, number>> = {
  ...Object.fromEntries(
    ["ceil", "cos", "exp", "exp2", "floor", "fract", "inverseSqrt", "log", "log2", "max", "min", "pow", "round"].map(
      (name) => [name, 1],
    ),
  ),
  ...Object.fromEntries(["sign", "sin", "sqrt", "tanh", "trunc"].map((name) => [name, 1])),
  clamp: 2,
};

const constants = new WeakMap<object, boolean>();

/** Whether an expression is of literals and constants alone, which compilers compute. Constants are in capitals. */
export function isConstant(node: unknown): boolean {
  if (typeof node !== "object" || node === null) return false;
  const found = constants.get(node) ?? isOfConstants(node);
  constants.set(node, found);
  return found;
}

function isOfConstants(node: object): boolean {
  if (node instanceof LiteralExpr) return true;
  if (node instanceof VariableExpr) return /^[A-Z][A-Z0-9_]*$/.test(node.name);
  if (node instanceof CreateExpr) return (node.args ?? []).every(isConstant);
  if (node instanceof CallExpr) return /^(vec[234]f?|f32)$/.test(node.name) && (node.args ?? []).every(isConstant);
  const { left, right } = node as { readonly left?: unknown; readonly right?: unknown };
  return right !== undefined && isConstant(right) && (left === undefined || isConstant(left));
}
