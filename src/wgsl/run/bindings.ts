// The buffers that a run is given, and which of a text's variables they are for.
import { WgslError } from "../error.ts";
import type { EntryPoint, Program, Variable } from "./program.ts";

/** The content of a storage or uniform variable. A run writes to it in place. */
export interface RunBinding {
  /** `@group` of the variable, 0 unless given. */
  readonly group?: number;
  /** `@binding` of the variable. */
  readonly binding: number;
  /** Its bytes, in WGSL's layout; a typed array may be a part of its buffer. */
  readonly data: ArrayBuffer | ArrayBufferView;
}

/** The entry point of this name; without a name the only one. Throws `WgslError` where it does not exist. */
export function entryOf({ entryPoints }: Program, name: string | undefined): EntryPoint {
  const names = [...entryPoints.keys()];
  if (name === undefined && names.length !== 1) {
    throw new WgslError(names.length === 0 ? "no compute entry point" : `several entry points: ${names.join(", ")}`, 0);
  }
  const entry = entryPoints.get(name ?? (names[0] as string));
  if (!entry) throw new WgslError(`no entry point ${name}; there are ${names.join(", ") || "none"}`, 0);
  return entry;
}

/**
 * A buffer for each variable; what a view shows is copied, and copied back after the run. Throws `WgslError` for a
 * variable without data.
 */
export function buffersOf({ function: { uses } }: EntryPoint, bindings: readonly RunBinding[]) {
  const buffers = new Map<Variable, ArrayBuffer>();
  const copies: (() => void)[] = [];
  for (const variable of uses) {
    const { binding: own, name, span } = variable;
    if (!own) continue;
    const found = bindings.find(({ group = 0, binding }) => group === own.group && binding === own.binding);
    if (!found) throw new WgslError(`${name}, @group(${own.group}) @binding(${own.binding}), has no data`, span.at);
    const { data } = found;
    if (data instanceof ArrayBuffer) {
      buffers.set(variable, data);
      continue;
    }
    const view = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const copy = view.slice().buffer;
    buffers.set(variable, copy);
    if (variable.writable) copies.push(() => view.set(new Uint8Array(copy)));
  }
  return {
    buffers,
    writeBack: () => {
      for (const copy of copies) copy();
    },
  };
}
