// Pointer arguments that point into one variable, which a function may then only read (WGSL, "Alias Analysis").
import { insideOf } from "../../lower/effects.ts";
import type { Expression, Statement, UserFunction, Variable } from "../../program.ts";
import { expressionsOf, statementsIn } from "../../walk.ts";
import { fail } from "../context.ts";
import { type Pointees, pointedInto, pointeesOf, rootOf } from "../pointees.ts";

type Call = Extract<Expression, { kind: "call" }>;

/** Variables of the module, and parameters for what they point to, that a function or what it calls accesses. */
interface Accesses {
  readonly reads: Set<Variable>;
  readonly writes: Set<Variable>;
}

/** A function while it is read. */
interface Reading extends Accesses {
  readonly pointees: Pointees;
  readonly callees: Set<UserFunction>;
}

const known = new WeakMap<UserFunction, Accesses>();

/** Throws `WgslError` for a call whose arguments alias what it writes to. What the function calls is checked first. */
export function checkAliases(from: UserFunction): void {
  const reading = {
    reads: new Set<Variable>(),
    writes: new Set<Variable>(),
    pointees: pointeesOf(from),
    callees: new Set<UserFunction>(),
  };
  for (const statement of from.body) readStatement(reading, statement);
  known.set(from, { reads: outside(reading.reads), writes: outside(reading.writes) });
}

/** Without variables of the function itself. */
const outside = (variables: ReadonlySet<Variable>): Set<Variable> =>
  new Set([...variables].filter(({ space }) => space !== "function"));

function readStatement(reading: Reading, statement: Statement): void {
  for (const expression of expressionsOf(statement)) readExpression(reading, expression);
  if (statement.kind === "store" || statement.kind === "update") {
    const root = rootOf(reading.pointees, statement.to);
    reading.writes.add(root);
    if (statement.kind === "update") reading.reads.add(root);
  }
  for (const inner of statementsIn(statement)) readStatement(reading, inner);
}

function readExpression(reading: Reading, expression: Expression): void {
  for (const inner of insideOf(expression)) readExpression(reading, inner);
  if (expression.kind === "load") reading.reads.add(rootOf(reading.pointees, expression.from));
  if (expression.kind === "call") readCall(reading, expression);
  if (expression.kind !== "memory" || expression.name === "arrayLength") return;
  const root = rootOf(reading.pointees, expression.at);
  if (expression.name !== "atomicStore") reading.reads.add(root);
  if (expression.name !== "atomicLoad" && expression.name !== "workgroupUniformLoad") reading.writes.add(root);
}

function readCall(reading: Reading, { callee, values, span }: Call): void {
  const inside = known.get(callee);
  if (!inside) return;
  const { reads, writes } = reading;
  const pointed = new Map<Variable, "read" | "write">();
  for (const [i, parameter] of callee.parameters.entries()) {
    const root = pointedInto(reading.pointees, values[i] as Expression);
    const [isRead, isWritten] = [inside.reads.has(parameter), inside.writes.has(parameter)];
    if (!root || !(isRead || isWritten)) continue;
    const other = pointed.get(root);
    const isElsewhere = inside.writes.has(root) || (isWritten && inside.reads.has(root));
    if (other === "write" || (other && isWritten) || isElsewhere)
      throw fail(`${parameter.name} points to ${root.name}, which ${callee.name} accesses by another name too`, span);
    pointed.set(root, isWritten ? "write" : "read");
    if (isRead) reads.add(root);
    if (isWritten) writes.add(root);
  }
  if (reading.callees.has(callee)) return;
  reading.callees.add(callee);
  for (const one of inside.reads) if (one.space) reads.add(one);
  for (const one of inside.writes) if (one.space) writes.add(one);
}
