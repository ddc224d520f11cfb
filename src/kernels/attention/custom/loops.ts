import { typeName, wholeNumber } from "../../../wgsl/constants.ts";
import { WgslError } from "../../../wgsl/error.ts";
import { definitionOf } from "../../../wgsl/scopes.ts";
import type { Assignment, Expression, For, Statement, Variable } from "../../../wgsl/tree.ts";
import { allStatements } from "../../../wgsl/walk.ts";
import type { OwnText } from "./text.ts";

const shape = "expected for (var i = CONSTANT; i < CONSTANT; i++), or i += and -= a constant";

/** The assignments of a text to each of its variables, in order. */
export function assignmentsOf({ functions, scopes }: OwnText): ReadonlyMap<Variable, readonly Assignment[]> {
  const found = new Map<Variable, Assignment[]>();
  for (const { body } of functions) {
    for (const statement of allStatements(body)) {
      const root = statement.kind === "assignment" && statement.target ? rootOf(statement.target) : undefined;
      const node = root?.kind === "name" ? definitionOf(scopes, root)?.node : undefined;
      if (node?.kind !== "variable" || statement.kind !== "assignment") continue;
      const before = found.get(node);
      if (before) before.push(statement);
      else found.set(node, [statement]);
    }
  }
  return found;
}

/**
 * The number of iterations of a loop. Throws `WgslError` for one that does not count in whole numbers from a constant
 * to a constant: code that runs for every pair of a query and a key has to end.
 */
export function turnsOf(text: OwnText, loop: For, assignments: ReturnType<typeof assignmentsOf>): number {
  const { start, condition, update, at } = loop;
  const first = start?.kind === "variable" && start.value ? text.evaluate(start.value) : undefined;
  const from = wholeNumber(first);
  if (start?.kind !== "variable" || start.keyword !== "var" || first === undefined) {
    throw new WgslError(`the loop does not begin at a constant; ${shape}`, at);
  }
  const type = start.type ? typeName(text.scopes, start.type) : first.type === "int" ? "i32" : first.type;
  if (from === undefined || (type !== "i32" && type !== "u32")) {
    throw new WgslError(`${start.label.name} counts in ${type ?? "another type"}, expected u32 or i32`, at);
  }
  const [sign, end] = boundOf(text, condition, start);
  if (sign === undefined || end === undefined) throw new WgslError(`the loop has no constant bound; ${shape}`, at);
  const step = stepOf(text, update, start);
  if (step === undefined) throw new WgslError(`the loop has no constant step; ${shape}`, at);
  // The counter is only in scope in the loop, so any other assignment to it is inside.
  const other = assignments.get(start)?.find((one) => one !== update);
  if (other) {
    throw new WgslError(`${start.label.name} is a loop's counter, and is changed inside the loop`, other.at);
  }
  const isUp = sign.startsWith("<");
  const distance = (isUp ? end - from : from - end) + (sign.endsWith("=") ? 1 : 0);
  const turns = Math.max(0, Math.ceil(distance / Math.abs(step)));
  const last = from + turns * step;
  const wraps = type === "u32" ? last < 0 || last >= 2 ** 32 : last < -(2 ** 31) || last >= 2 ** 31;
  if (turns > 0 && (step > 0 !== isUp || wraps)) {
    throw new WgslError("the loop does not end: its steps lead away from its bound", at);
  }
  return turns;
}

/** What an assignment changes: the variable before its indices and members. */
export function rootOf(target: Expression): Expression {
  let root = target;
  while (root.kind === "index" || root.kind === "member") root = root.base;
  return root;
}

/** Whether an expression in the head of a loop is its counter: there, nothing else has its name. */
const isCounter = (expression: Expression, counter: Variable): boolean =>
  expression.kind === "name" && expression.name === counter.label.name;

function boundOf(
  text: OwnText,
  condition: Expression | undefined,
  counter: Variable,
): readonly [string, number | undefined] | readonly [undefined, undefined] {
  if (condition?.kind !== "binary" || !/^[<>]=?$/.test(condition.sign)) return [undefined, undefined];
  if (!isCounter(condition.left, counter)) return [undefined, undefined];
  return [condition.sign, wholeNumber(text.evaluate(condition.right))];
}

function stepOf(text: OwnText, update: Statement | undefined, counter: Variable): number | undefined {
  if (update?.kind !== "assignment" || !update.target || !isCounter(update.target, counter)) return undefined;
  const { sign, value } = update;
  const amount = value ? wholeNumber(text.evaluate(value)) : 1;
  if (amount === undefined || amount === 0) return undefined;
  if (sign === "++" || sign === "+=") return amount;
  return sign === "--" || sign === "-=" ? -amount : undefined;
}
