// What is directly inside of the statements of a checked program; lower/effects.ts has the same of expressions.
import { indicesOf } from "./lower/effects.ts";
import type { Expression, Statement } from "./program.ts";

/** The expressions directly in a statement, in the order in which they are evaluated. */
export function expressionsOf(statement: Statement): readonly Expression[] {
  const given = (expression: Expression | undefined) => (expression ? [expression] : []);
  switch (statement.kind) {
    case "declare":
    case "return":
      return given(statement.value);
    case "store":
    case "update":
      return [...indicesOf(statement.to), statement.value];
    case "evaluate":
    case "switch":
      return [statement.value];
    case "if":
      return [statement.condition];
    case "loop":
      return given(statement.until);
    case "print":
      return statement.values;
    default:
      return [];
  }
}

/** The statements directly in a statement. */
export function statementsIn(statement: Statement): readonly Statement[] {
  switch (statement.kind) {
    case "if":
      return [...statement.body, ...statement.otherwise];
    case "loop":
      return [...statement.body, ...statement.continuing];
    case "switch":
      return statement.cases.flatMap(({ body }) => body);
    default:
      return [];
  }
}
