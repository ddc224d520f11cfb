import { WgslError } from "../../../wgsl/error.ts";
import { dependenciesFirst } from "../../../wgsl/order.ts";
import { definitionOf } from "../../../wgsl/scopes.ts";
import type { Call, FunctionDeclaration } from "../../../wgsl/tree.ts";
import { allStatements, expressionsIn, expressionsOf } from "../../../wgsl/walk.ts";
import type { OwnText } from "./text.ts";

/**
 * Maximum number of calls that a function comes to, those in the functions that it calls included. Drivers put every
 * function into the place of its call, and take minutes for a thousand of them, one in the other.
 */
const mostCalls = 256;

/** The calls of a function's body, of functions of the text and of WGSL's. */
export function* callsIn({ body }: FunctionDeclaration): Generator<Call> {
  for (const statement of allStatements(body)) {
    for (const outer of expressionsOf(statement)) {
      for (const inner of expressionsIn(outer)) if (inner.kind === "call") yield inner;
    }
  }
}

/** The functions of a text, each after those that it calls. Throws `WgslError` for recursion. */
export function calledFirst({ functions, scopes }: OwnText): FunctionDeclaration[] {
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

/** Throws `WgslError` at the call with which a function comes to too many; `ordered` as `calledFirst` has them. */
export function checkCalls({ scopes }: OwnText, ordered: readonly FunctionDeclaration[]): void {
  const known = new Map<FunctionDeclaration, number>();
  for (const caller of ordered) {
    let count = 0;
    for (const { callee, at } of callsIn(caller)) {
      const node = definitionOf(scopes, callee)?.node;
      if (node?.kind !== "function") continue;
      count += 1 + (known.get(node) ?? 0);
      if (count <= mostCalls) continue;
      throw new WgslError(
        `with this call ${caller.label.name} comes to ${count} calls, in functions that it calls, expected at most ${mostCalls}`,
        at,
      );
    }
    known.set(caller, count);
  }
}
