import { WgslError } from "../../../wgsl/error.ts";
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

/** Throws `WgslError` at the call with which a function comes to too many; of a text without recursion. */
export function checkCalls({ functions, scopes }: OwnText): void {
  const known = new Map<FunctionDeclaration, number>();
  const countOf = (caller: FunctionDeclaration): number => {
    let count = known.get(caller) ?? 0;
    if (known.has(caller)) return count;
    for (const { callee, at } of callsIn(caller)) {
      const node = definitionOf(scopes, callee)?.node;
      if (node?.kind !== "function") continue;
      count += 1 + countOf(node);
      if (count <= mostCalls) continue;
      throw new WgslError(
        `with this call ${caller.label.name} comes to ${count} calls, in functions that it calls, expected at most ${mostCalls}`,
        at,
      );
    }
    known.set(caller, count);
    return count;
  };
  for (const one of functions) countOf(one);
}
