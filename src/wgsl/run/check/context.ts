import { WgslError } from "../../error.ts";
import { type Definition, definitionOf, type Scopes } from "../../scopes.ts";
import type { FunctionDeclaration, Name, Span, Expression as Syntax } from "../../tree.ts";
import { expressionsIn } from "../../walk.ts";
import type { Expression, Reference, UserFunction, Variable } from "../program.ts";
import type { Type } from "../types.ts";
import { isConstructible } from "./rules/type-rules.ts";

/** The whole number of an expression, which `what` names in errors: a constant, or an `override` if there may be one. */
export type WholeNumber = (node: Syntax, what: string, mayBeOverride?: boolean) => number;

/** What the checker knows while it reads a text. */
export interface Context {
  readonly scopes: Scopes;
  /** The names that `enable` gives. */
  readonly features: ReadonlySet<string>;
  /** The type that a name stands for; undefined for a name of something else. */
  readonly typeOf: (name: Name) => Type | undefined;
  /** The same for variables in workgroup memory. */
  readonly workgroupTypeOf: (name: Name) => Type | undefined;
  /** A constant, or the variable that a definition declares. */
  readonly meaningOf: (definition: Definition) => Expression | Variable | undefined;
  readonly functionOf: (node: FunctionDeclaration) => UserFunction;
  /** A size, a binding, an alignment. */
  readonly wholeNumber: WholeNumber;
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
  if (!isConstructible(type) && type.kind !== "pointer") throw fail(`a ${type.name} is no value`, span);
  return { kind: "load", from: operand, type, span };
}

/** Whether an expression names an `override`, so that it is no constant before a pipeline is made. */
export const namesOverride = (scopes: Scopes, node: Syntax): boolean =>
  [...expressionsIn(node)].some((inner) => {
    const named = inner.kind === "name" ? definitionOf(scopes, inner)?.node : undefined;
    return named?.kind === "variable" && named.keyword === "override";
  });

/** The word of an address space or an access mode; undefined for a name that the text declares itself. */
export const enumerantOf = (scopes: Scopes, node: Syntax | undefined): string | undefined =>
  node?.kind === "name" && !definitionOf(scopes, node) ? node.name : undefined;

/** Throws for an expression that names an `override` where WGSL needs a constant. */
export function checkNoOverride({ scopes }: Context, node: Syntax, what: string): void {
  if (namesOverride(scopes, node)) throw fail(`${what} is no constant, as an override is in it`, node);
}
