import { WgslError } from "../../error.ts";
import type { Definition, Scopes } from "../../scopes.ts";
import type { FunctionDeclaration, Name, Span, Expression as Syntax } from "../../tree.ts";
import type { Expression, Reference, UserFunction, Variable } from "../program.ts";
import type { Type } from "../types.ts";

/** What the checker knows while it reads a text. */
export interface Context {
  readonly scopes: Scopes;
  /** The names that `enable` gives. */
  readonly features: ReadonlySet<string>;
  /** The type that a name stands for; undefined for a name of something else. */
  readonly typeOf: (name: Name) => Type | undefined;
  /** A constant, or the variable that a definition declares. */
  readonly meaningOf: (definition: Definition) => Expression | Variable | undefined;
  readonly functionOf: (node: FunctionDeclaration) => UserFunction;
  /** The whole number of a constant expression: a size, a binding, an alignment. */
  readonly wholeNumber: (node: Syntax, what: string) => number;
}

export const fail = (message: string, { at }: Span): WgslError => new WgslError(message, at);

/** A place, or a value. */
export type Operand = Expression | Reference;

export const isReference = (operand: Operand): operand is Reference => "root" in operand;

/** The value of an operand: what a place holds. */
export function loaded(operand: Operand): Expression {
  if (!isReference(operand)) return operand;
  const { type, span } = operand;
  if (type.kind === "atomic") throw fail(`an atomic value is read by atomicLoad`, span);
  if (type.kind === "array" && type.count === undefined) throw fail(`a ${type.name} is no value`, span);
  return { kind: "load", from: operand, type, span };
}
