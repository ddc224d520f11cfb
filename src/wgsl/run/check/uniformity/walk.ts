// Walks the statements of a function: which threads get where, and what variables are there (WGSL, "Uniformity").
import { indicesOf, insideOf } from "../../lower/effects.ts";
import type { Expression, Statement, Variable } from "../../program.ts";
import { expressionsOf, statementsIn } from "../../walk.ts";
import { afterBreaks, breaks, continues, next, returns } from "../ends.ts";
import { pointedInto, rootOf } from "../pointees.ts";
import { assign, type Branch, branch, type Flow, isTracked, jump, leave, merge, record } from "./flow.ts";
import { addEdge, nodeOf, ownNode, same } from "./graph.ts";
import { valueNode } from "./values.ts";

type Of<K extends Statement["kind"]> = Extract<Statement, { kind: K }>;

/** The statements of a function. */
export function walkFunction(flow: Flow, body: readonly Statement[]): void {
  if ((walkAll(flow, body) & next) !== 0) leave(flow, same);
}

/** What follows a statement that does not go on is not reached. */
function walkAll(flow: Flow, statements: readonly Statement[]): number {
  let ends = next;
  for (const statement of statements) {
    ends = (ends & ~next) | walk(flow, statement);
    if ((ends & next) === 0) break;
  }
  return ends;
}

function walk(flow: Flow, statement: Statement): number {
  const value = (expression: Expression | undefined) => (expression ? valueNode(flow, expression) : same);
  switch (statement.kind) {
    case "declare":
      flow.values.set(statement.variable, value(statement.value));
      return next;
    case "store":
    case "update": {
      const { to } = statement;
      const indices = indicesOf(to).map(value);
      const old = statement.kind === "update" ? [flow.values.get(rootOf(flow.pointees, to)) ?? same] : [];
      assign(flow, to, nodeOf(flow.graph, ...indices, ...old, value(statement.value)));
      return next;
    }
    case "evaluate":
    case "print":
      for (const one of expressionsOf(statement)) value(one);
      return next;
    case "barrier": {
      const name = `${statement.of}Barrier`;
      flow.needs.push({ node: flow.control, at: statement.span.at, level: "workgroup", kind: "flow", name });
      return next;
    }
    case "if": {
      const before = flow.control;
      const control = nodeOf(flow.graph, before, value(statement.condition));
      const bodies = [statement.body, statement.otherwise];
      const branches = bodies.map((body) => branch(flow, control, () => walkAll(flow, body)));
      merge(
        flow,
        branches.filter(({ ends }) => (ends & next) !== 0),
      );
      return meet(flow, before, branches, endsOf(branches));
    }
    case "loop":
      return loop(flow, statement);
    case "switch":
      return choose(flow, statement, value(statement.value));
    case "break":
    case "continue":
      jump(flow, statement.kind === "continue");
      return statement.kind === "break" ? breaks : continues;
    case "return":
      leave(flow, value(statement.value));
      return returns;
  }
}

const endsOf = (branches: readonly Branch[]): number => branches.reduce((all, one) => all | one.ends, 0);

/** The end of branches: threads are together again if all of them go on. */
function meet(flow: Flow, before: number, branches: readonly Branch[], ends: number): number {
  flow.control = ends === next ? before : nodeOf(flow.graph, ...branches.map(({ control }) => control));
  return ends;
}

function loop(flow: Flow, statement: Of<"loop">): number {
  const { body, continuing, until } = statement;
  const before = flow.control;
  const start = ownNode(flow.graph, [before]);
  const heads = changedIn(flow, statement);
  recordAll(flow, heads);
  flow.frames.push({ nodes: heads, isLoop: true });
  const turn = branch(flow, start, () => {
    const ends = walkAll(flow, body);
    if ((ends & (next | continues)) === 0) return ends;
    if ((ends & continues) !== 0) recordAll(flow, heads);
    walkAll(flow, continuing);
    const last = until ? valueNode(flow, until) : same;
    for (const one of [flow.control, last]) addEdge(flow.graph, one, start);
    jump(flow, true);
    return until ? ends | breaks : ends;
  });
  flow.frames.pop();
  const ends = afterBreaks(turn.ends & ~(next | continues));
  flow.control = ends === next ? before : start;
  return ends;
}

function choose(flow: Flow, statement: Of<"switch">, value: number): number {
  const before = flow.control;
  const control = nodeOf(flow.graph, before, value);
  const exits = changedIn(flow, statement);
  flow.frames.push({ nodes: exits, isLoop: false });
  const branches = statement.cases.map(({ body }) =>
    branch(flow, control, () => {
      const ends = walkAll(flow, body);
      if ((ends & next) !== 0) jump(flow, false);
      return ends;
    }),
  );
  flow.frames.pop();
  recordAll(flow, exits);
  return meet(flow, before, branches, afterBreaks(endsOf(branches)));
}

function recordAll(flow: Flow, nodes: ReadonlyMap<Variable, number>): void {
  for (const [variable, node] of nodes) record(flow, variable, node);
}

/** Nodes of the variables that a statement changes, which depend on what they are before it, and later on more. */
function changedIn(flow: Flow, statement: Statement): ReadonlyMap<Variable, number> {
  const found = new Set<Variable>();
  addChanged(flow, statement, found);
  const known = [...found].filter((one) => isTracked(one) && flow.values.has(one));
  return new Map(known.map((one) => [one, ownNode(flow.graph, [flow.values.get(one) ?? same])]));
}

function addChanged(flow: Flow, statement: Statement, found: Set<Variable>): void {
  if (statement.kind === "store" || statement.kind === "update") found.add(rootOf(flow.pointees, statement.to));
  for (const one of expressionsOf(statement)) addPointedTo(flow, one, found);
  for (const one of statementsIn(statement)) addChanged(flow, one, found);
}

/** What the arguments of calls point to, which the calls may change. */
function addPointedTo(flow: Flow, expression: Expression, found: Set<Variable>): void {
  for (const inner of insideOf(expression)) addPointedTo(flow, inner, found);
  const values = expression.kind === "call" ? expression.values : [];
  for (const root of values.map((one) => pointedInto(flow.pointees, one))) if (root) found.add(root);
}
