// What expressions contain, and their side effects.
import type { Expression, Reference } from "../program.ts";

/** The expressions directly inside of one, in the order in which they are evaluated. */
export function insideOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case "constant":
    case "value":
      return [];
    case "load":
      return indicesOf(expression.from);
    case "operator":
      return expression.operands;
    case "logic":
      return [expression.left, expression.right];
    case "convert":
    case "pick":
      return [expression.value];
    case "compose":
      return expression.parts;
    case "element":
      return [expression.value, expression.index];
    case "builtin":
    case "call":
      return expression.values;
    case "memory":
      return [...indicesOf(expression.at), ...expression.values];
    case "address":
      return indicesOf(expression.of);
  }
}

/** The indices of a place. */
export const indicesOf = ({ steps }: Reference): Expression[] =>
  steps.flatMap((step) => (step.kind === "element" ? [step.index] : []));

/** Whether an expression or one inside of it is so; asked once for each. */
function anywhere(isSo: (expression: Expression) => boolean): (expression: Expression) => boolean {
  const known = new WeakMap<Expression, boolean>();
  const inspect = (expression: Expression): boolean => {
    const found = known.get(expression) ?? (isSo(expression) || insideOf(expression).some(inspect));
    known.set(expression, found);
    return found;
  };
  return inspect;
}

/** Whether it calls a function of the text, which may store to variables. */
export const hasCall = anywhere(({ kind }) => kind === "call");

/** Whether it matters which lanes evaluate it: it may access memory, store, wait, or read other lanes. */
export const needsItsLanes = anywhere((expression) => {
  switch (expression.kind) {
    case "call":
    case "memory":
    case "element":
      return true;
    case "load": {
      const { space, steps } = expression.from;
      return space === "storage" || space === "workgroup" || steps.some(({ kind }) => kind === "element");
    }
    case "builtin":
      return /^(subgroup|quad)/.test(expression.name);
    default:
      return false;
  }
});
