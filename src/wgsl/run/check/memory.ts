// Builtin functions that take a pointer: atomic ones, arrayLength, workgroupUniformLoad.
import type { Call } from "../../tree.ts";
import type { Expression, Reference } from "../program.ts";
import { bool, type ScalarType, structOf, type Type, u32 } from "../types.ts";
import { fail } from "./context.ts";
import { converted } from "./fold.ts";
import { pointedTo } from "./places.ts";
import { isConstructible } from "./rules/type-rules.ts";

/** How many values each takes after the pointer. */
const counts: Readonly<Record<string, number>> = {
  atomicLoad: 0,
  atomicStore: 1,
  atomicAdd: 1,
  atomicSub: 1,
  atomicMax: 1,
  atomicMin: 1,
  atomicAnd: 1,
  atomicOr: 1,
  atomicXor: 1,
  atomicExchange: 1,
  atomicCompareExchangeWeak: 2,
  arrayLength: 0,
  workgroupUniformLoad: 0,
};

export const isMemoryFunction = (name: string): boolean => Object.hasOwn(counts, name);

const exchanged = new Map<ScalarType, Type>();

/** What atomicCompareExchangeWeak gives. */
function exchangeResult(of: ScalarType): Type {
  const found =
    exchanged.get(of) ??
    structOf("__atomic_compare_exchange_result", [
      { name: "old_value", type: of },
      { name: "exchanged", type: bool },
    ]);
  exchanged.set(of, found);
  return found;
}

/** A call of one of them with these arguments. */
export function callMemory(call: Call, given: readonly Expression[]): Expression {
  const { name } = call.callee;
  const [pointer, ...rest] = given;
  const expected = counts[name] ?? 0;
  if (!pointer || rest.length !== expected) throw fail(`${name} takes ${expected + 1} arguments`, call);
  const at = pointedTo(pointer, pointer.span);
  const span = { at: call.at, end: call.end };
  if (name === "arrayLength") {
    if (at.type.kind !== "array" || at.type.count !== undefined) throw fail(`arrayLength of a ${at.type.name}`, call);
    return { kind: "memory", name, at, values: [], type: u32, span };
  }
  if (name === "workgroupUniformLoad")
    return { kind: "memory", name, at, values: [], type: uniformType(at, call), span };
  if (at.type.kind !== "atomic") throw fail(`${name} of a ${at.type.name}`, call);
  if (!at.writable) throw fail(`${name} of memory that is only read`, call);
  const { of } = at.type;
  const values = rest.map((value) => {
    const as = converted(value, of);
    if (!as) throw fail(`${name} takes a ${of.name}`, value.span);
    return as;
  });
  const type = name === "atomicCompareExchangeWeak" ? exchangeResult(of) : of;
  return { kind: "memory", name, at, values, type, span };
}

function uniformType({ space, type }: Reference, call: Call): Type {
  if (space !== "workgroup") throw fail(`workgroupUniformLoad of memory of ${space}`, call);
  if (type.kind !== "atomic" && !isConstructible(type)) throw fail(`workgroupUniformLoad of a ${type.name}`, call);
  return type.kind === "atomic" ? type.of : type;
}
