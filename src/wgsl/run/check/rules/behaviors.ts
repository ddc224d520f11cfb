// How statements end: whether a function always returns, whether a loop ends at all (WGSL, "Statements Behavior
// Analysis"), and what stands in `continuing`.
import { definitionOf, type Scopes } from "../../../scopes.ts";
import type { Block, Variable as Declaration, FunctionDeclaration, Loop, Statement as Node } from "../../../tree.ts";
import { allStatements, expressionsIn, expressionsOf } from "../../../walk.ts";
import { fail } from "../context.ts";
import { afterBreaks, breaks, continues, next, returns } from "../ends.ts";

/** Throws `WgslError` for a function that may end without its result, and for loops that never end or jump wrongly. */
export function checkBehavior(scopes: Scopes, { body, result, label }: FunctionDeclaration): void {
  const ends = endsOf(body);
  if (result && (ends & next) !== 0) {
    const close = { at: body.end - 1, end: body.end };
    throw fail(`${label.name} may end here without returning a ${result.name}`, close);
  }
  for (const statement of allStatements(body)) if (statement.kind === "loop") checkContinuing(scopes, statement);
}

function endsOf(statement: Node): number {
  switch (statement.kind) {
    case "block":
      return endsOfAll(statement.statements);
    case "if": {
      const branches = statement.branches.map(({ body }) => endsOf(body));
      return branches.reduce((all, one) => all | one, statement.otherwise ? endsOf(statement.otherwise) : next);
    }
    case "for":
      return endsOfLoop(statement, endsOf(statement.body) | (statement.condition ? breaks : 0));
    case "while":
      return endsOfLoop(statement, endsOf(statement.body) | breaks);
    case "loop": {
      const [body, until] = [endsOf(statement.body), statement.until ? breaks : 0];
      const continuing = statement.continuing ? endsOf(statement.continuing) : 0;
      const isReached = (body & (next | continues)) !== 0;
      return endsOfLoop(statement, isReached ? body | continuing | until : body);
    }
    case "switch":
      return afterBreaks(statement.cases.map(({ body }) => endsOf(body)).reduce((all, one) => all | one, 0));
    case "break":
      return breaks;
    case "continue":
      return continues;
    case "return":
      return returns;
    default:
      return next;
  }
}

/** What follows a statement that does not go on counts for nothing, but has to be right. */
function endsOfAll(statements: readonly Node[]): number {
  let ends = next;
  for (const statement of statements) {
    const own = endsOf(statement);
    if ((ends & next) !== 0) ends = (ends & ~next) | own;
  }
  return ends;
}

function endsOfLoop(node: Node, inside: number): number {
  const ends = afterBreaks(inside & ~(next | continues));
  if (ends === 0) throw fail("this loop never ends: nothing in it breaks or returns", node);
  return ends;
}

function checkContinuing(scopes: Scopes, { body, continuing, until }: Loop): void {
  if (!continuing) return;
  const inside = [...allStatements(continuing)];
  const leaving = inside.find(({ kind }) => kind === "return");
  if (leaving) throw fail("return in continuing", leaving);
  const jumpedOver = declarationsAfterContinue(body);
  if (jumpedOver.size === 0) return;
  for (const expression of [...inside.flatMap(expressionsOf), ...(until ? [until] : [])]) {
    for (const inner of expressionsIn(expression)) {
      const node = inner.kind === "name" ? definitionOf(scopes, inner)?.node : undefined;
      if (node?.kind === "variable" && jumpedOver.has(node))
        throw fail(`${node.label.name} is used here, but a continue jumps over its declaration`, inner);
    }
  }
}

/** What the body of a loop declares after its first `continue`. */
function declarationsAfterContinue({ statements }: Block): ReadonlySet<Declaration> {
  const first = statements.findIndex(continuesLoop);
  const rest = first < 0 ? [] : statements.slice(first + 1);
  return new Set(rest.filter((one) => one.kind === "variable"));
}

/** Whether a `continue` of the loop around a statement is in it. */
function continuesLoop(statement: Node): boolean {
  switch (statement.kind) {
    case "continue":
      return true;
    case "block":
      return statement.statements.some(continuesLoop);
    case "if":
      return statement.branches.some(({ body }) => continuesLoop(body)) || continuesOtherwise(statement.otherwise);
    case "switch":
      return statement.cases.some(({ body }) => continuesLoop(body));
    default:
      return false;
  }
}

const continuesOtherwise = (block: Block | undefined): boolean => block !== undefined && continuesLoop(block);
