import { insideOf } from "../lower/effects.ts";
import type { EntryPoint, Expression, Statement, UserFunction } from "../program.ts";
import type { Type } from "../types.ts";
import { expressionsOf, statementsIn } from "../walk.ts";

/**
 * What each `print(…)` prints that an entry point reaches, itself or by what it calls: the types of its values, by the
 * position of the call in the text.
 */
export function printsOf(entry: EntryPoint): ReadonlyMap<number, readonly Type[]> {
  const prints = new Map<number, readonly Type[]>();
  const functions = new Set<UserFunction>([entry.function]);
  const addCalls = (expression: Expression): void => {
    if (expression.kind === "call") functions.add(expression.callee);
    for (const inner of insideOf(expression)) addCalls(inner);
  };
  const visit = (statement: Statement): void => {
    if (statement.kind === "print") {
      prints.set(
        statement.span.at,
        statement.values.map(({ type }) => type),
      );
    }
    for (const expression of expressionsOf(statement)) addCalls(expression);
    for (const inner of statementsIn(statement)) visit(inner);
  };
  // Calls add functions while the set is gone through.
  for (const { body } of functions) for (const statement of body) visit(statement);
  return prints;
}
