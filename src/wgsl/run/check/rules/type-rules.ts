// What WGSL lets a type be used for: as a value, and in which memory (WGSL, "Constructible Types", "Address Spaces").
import { bool, type Space, scalarOf, type Type } from "../../types.ts";

/** What is somewhere inside of a type. */
interface Traits {
  readonly atomic: boolean;
  /** An array whose size the buffer decides. */
  readonly runtime: boolean;
  readonly bool: boolean;
  readonly pointer: boolean;
}

const known = new WeakMap<Type, Traits>();

function traitsOf(type: Type): Traits {
  const found = known.get(type) ?? findTraits(type);
  known.set(type, found);
  return found;
}

function findTraits(type: Type): Traits {
  const isRuntime = type.kind === "array" && type.count === undefined;
  const parts = type.kind === "struct" ? type.members.map((one) => one.type) : type.kind === "array" ? [type.of] : [];
  const inside = parts.map(traitsOf);
  return {
    atomic: type.kind === "atomic" || inside.some(({ atomic }) => atomic),
    runtime: isRuntime || inside.some(({ runtime }) => runtime),
    bool: scalarOf(type) === bool || inside.some((one) => one.bool),
    pointer: type.kind === "pointer" || inside.some(({ pointer }) => pointer),
  };
}

/** Whether there are values of a type, other than pointers: what a `let`, a parameter or a result holds. */
export function isConstructible(type: Type): boolean {
  const { atomic, runtime, pointer } = traitsOf(type);
  return !atomic && !runtime && !pointer;
}

/** Whether an array may consist of a type, or a struct have a member of it before its last one. */
export function isPart(type: Type): boolean {
  const { runtime, pointer } = traitsOf(type);
  return !runtime && !pointer;
}

/** Why memory of an address space holds nothing of a type; undefined if it does. */
export function misfit(type: Type, space: Space, isWritten: boolean): string | undefined {
  const traits = traitsOf(type);
  const isBuffer = space === "storage" || space === "uniform";
  if (traits.pointer) return "memory holds no pointers";
  if (traits.runtime && !isBuffer && space !== "workgroup") return `in memory of ${space} arrays have a size`;
  if (traits.atomic && space !== "workgroup" && space !== "storage") return `no memory of ${space} is atomic`;
  if (traits.atomic && space === "storage" && !isWritten) return "atomic storage is read_write";
  return traits.bool && isBuffer ? "buffers hold no bool" : undefined;
}

/** Why there is no variable of a type in an address space; undefined if there may be one. */
export function variableMisfit(type: Type, space: Space, isWritten: boolean): string | undefined {
  const needsSize = space === "workgroup" || space === "uniform";
  if (needsSize && traitsOf(type).runtime) return `in memory of ${space} arrays have a size`;
  return misfit(type, space, isWritten);
}
