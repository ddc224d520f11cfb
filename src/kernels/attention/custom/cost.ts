import { WgslError } from "../../../wgsl/error.ts";
import { dependenciesFirst } from "../../../wgsl/order.ts";
import { type Definition, definitionOf } from "../../../wgsl/scopes.ts";
import type { Block, Call, Expression, FunctionDeclaration, Statement } from "../../../wgsl/tree.ts";
import { allStatements, expressionsIn, expressionsOf } from "../../../wgsl/walk.ts";
import { assignmentsOf, turnsOf } from "./loops.ts";
import { type Sizes, sizesOf } from "./sizes.ts";
import type { OwnText } from "./text.ts";

/** Maximum number of operations that a text may make of one pair of a query and a key. */
export const maxOperations = 65_536;

/** Maximum bytes of all variables, results and arrays that a text makes, as WGSL sets it for a function's variables. */
const maxBytes = 8192;

/**
 * The operations of each function, by name: every operator, call, access, assignment and copied word counts one, a loop
 * its turns times those of its body, a call those of the function. Throws `WgslError` for more than the limit, for
 * recursion, for a loop without a constant bound, for too many calls, and for variables that are too large.
 */
export function operationsOf(text: OwnText): ReadonlyMap<string, number> {
  const sizes = sizesOf(text);
  checkMemory(text, sizes);
  const assignments = assignmentsOf(text);
  const known = new Map<FunctionDeclaration, number>();
  const limited = (operations: number, what: string, at: number) => {
    if (operations <= maxOperations) return operations;
    throw new WgslError(
      `${what}${operations} operations for every pair of a query and a key, expected at most ${maxOperations}`,
      at,
    );
  };

  const ofBlock = ({ statements }: Block): number => {
    let sum = 0;
    for (const statement of statements) sum = limited(sum + ofStatement(statement), "", statement.at);
    return sum;
  };

  const maxOf = (bodies: readonly Block[]) => bodies.reduce((most, body) => Math.max(most, ofBlock(body)), 0);

  const ofStatement = (statement: Statement): number => {
    switch (statement.kind) {
      case "block":
        return ofBlock(statement);
      case "variable":
        return (
          1 +
          (statement.value ? ofExpression(statement.value) : statement.type ? sizes.ofType(statement.type).words : 0)
        );
      case "if": {
        const conditions = statement.branches.reduce((sum, { condition }) => sum + ofExpression(condition), 0);
        const bodies = [
          ...statement.branches.map(({ body }) => body),
          ...(statement.otherwise ? [statement.otherwise] : []),
        ];
        return 1 + conditions + maxOf(bodies);
      }
      case "switch":
        return 1 + ofExpression(statement.value) + maxOf(statement.cases.map(({ body }) => body));
      case "for": {
        const turns = turnsOf(text, statement, assignments);
        const { start, condition, update, body } = statement;
        const turn = (condition ? ofExpression(condition) : 0) + (update ? ofStatement(update) : 0) + ofBlock(body);
        const all = 1 + (start ? ofStatement(start) : 0) + turns * turn;
        return limited(all, `the loop has ${turns} iterations, `, statement.at);
      }
      case "assignment":
        return 1 + ofExpression(statement.value) + ofTarget(statement.target);
      case "call-statement":
        return ofExpression(statement.call);
      case "return":
        return 1 + ofExpression(statement.value);
      default:
        return 1;
    }
  };

  const ofExpression = (expression: Expression | undefined): number => {
    switch (expression?.kind) {
      case "name": {
        const { words } = sizes.of(expression);
        return words > 4 ? words : 0; // an array or a struct that is copied
      }
      case "call": {
        const { callee, values } = expression;
        const node = definitionOf(text.scopes, callee)?.node;
        const given = values.reduce((sum, value) => sum + ofExpression(value), 0);
        const own = node?.kind === "function" ? 1 + (known.get(node) ?? 0) : Math.max(1, sizes.of(expression).words);
        return limited(given + own, `with this call ${callee.name} makes `, expression.at);
      }
      case "index":
        return 1 + ofTarget(expression.base) + ofExpression(expression.index);
      case "member":
        return 1 + ofTarget(expression.base);
      case "unary":
        return 1 + ofExpression(expression.operand);
      case "binary":
        return 1 + ofExpression(expression.left) + ofExpression(expression.right);
      default:
        return 0;
    }
  };

  /** The expression before an index or a member. A variable is not copied; a value that is indexed may be. */
  const ofTarget = (expression: Expression | undefined): number => {
    if (expression?.kind === "index") return 1 + ofTarget(expression.base) + ofExpression(expression.index);
    if (expression?.kind === "member") return 1 + ofTarget(expression.base);
    if (expression?.kind !== "name") return ofExpression(expression);
    const node = definitionOf(text.scopes, expression)?.node;
    return node?.kind === "variable" && node.keyword === "var" ? 0 : ofExpression(expression);
  };

  const ordered = calledFirst(text);
  for (const one of ordered) known.set(one, ofBlock(one.body));
  checkCalls(text, ordered);
  return new Map([...known].map(([{ label }, operations]) => [label.name, operations]));
}

/**
 * Throws where a text's variables, parameters and results together are larger than WGSL lets those of a function be.
 */
function checkMemory({ scopes, functions }: OwnText, sizes: Sizes): void {
  let bytes = 0;
  const add = (name: string, words: number, at: number) => {
    bytes += 4 * words;
    if (bytes > maxBytes)
      throw new WgslError(`with ${name} ${bytes} bytes of variables, expected at most ${maxBytes}`, at);
  };
  for (const definition of scopes.definitions) {
    if (!isLocal(definition)) continue;
    add(definition.label.name, sizes.ofDefinition(definition).words, definition.label.at);
  }
  for (const declared of functions) {
    const { label, result } = declared;
    if (result) add(`the result of ${label.name}`, sizes.ofType(result).words, result.at);
    for (const call of callsIn(declared)) {
      const { words } = sizes.of(call);
      if (words > 16) add(`the ${call.callee.name} made here`, words, call.at); // more than the largest matrix
    }
  }
}

/** True for variables that need memory: not the buffers and uniforms of the module. */
const isLocal = ({ isModule, node }: Definition): boolean =>
  node.kind === "field" || (node.kind === "variable" && !(isModule && node.keyword === "var"));

/**
 * Maximum number of calls that a function makes, those in the functions that it calls included. Drivers inline every
 * function, and take minutes for a thousand nested calls.
 */
const maxCalls = 256;

/** The calls of a function's body, of functions of the text and of WGSL's. */
function* callsIn({ body }: FunctionDeclaration): Generator<Call> {
  for (const statement of allStatements(body)) {
    for (const outer of expressionsOf(statement)) {
      for (const inner of expressionsIn(outer)) if (inner.kind === "call") yield inner;
    }
  }
}

/** The functions of a text, each after those that it calls. Throws `WgslError` for recursion. */
function calledFirst({ functions, scopes }: OwnText): FunctionDeclaration[] {
  const called = (caller: FunctionDeclaration) =>
    [...callsIn(caller)].flatMap(({ callee }) => {
      const node = definitionOf(scopes, callee)?.node;
      return node?.kind === "function" ? [node] : [];
    });
  return dependenciesFirst(functions, called, (path) => {
    const [first] = path;
    if (!first) return;
    const names = [...path, first].map(({ label }) => label.name);
    throw new WgslError(`${names.join(" calls ")}: WGSL has no recursion`, first.label.at);
  });
}

/** Throws `WgslError` at the call with which a function exceeds the limit; `ordered` as `calledFirst` returns them. */
function checkCalls({ scopes }: OwnText, ordered: readonly FunctionDeclaration[]): void {
  const known = new Map<FunctionDeclaration, number>();
  for (const caller of ordered) {
    let count = 0;
    for (const { callee, at } of callsIn(caller)) {
      const node = definitionOf(scopes, callee)?.node;
      if (node?.kind !== "function") continue;
      count += 1 + (known.get(node) ?? 0);
      if (count <= maxCalls) continue;
      throw new WgslError(
        `with this call ${caller.label.name} comes to ${count} calls, in functions that it calls, expected at most ${maxCalls}`,
        at,
      );
    }
    known.set(caller, count);
  }
}
