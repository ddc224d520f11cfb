// Records what lanes access, in the order in which they do it.
import { type Access, forEachAddress, type Observer } from "../execute/observer.ts";
import type { Variable } from "../program.ts";

/** The most accesses that are kept. */
const maxAccesses = 65_536;

/** An access by one lane. */
export interface TracedAccess {
  readonly kind: Access["kind"];
  readonly variable: Variable;
  /** In characters from the start of the text. */
  readonly at: number;
  /** How many steps had been taken. */
  readonly step: number;
  /** `local_invocation_index`. */
  readonly lane: number;
  readonly workgroup: readonly [number, number, number];
  /** From the start of the variable or buffer; −1 is out of bounds. */
  readonly byte: number;
  readonly bytes: number;
}

/** A tracer of one run: pass `observer` to the run, then read what was recorded. */
interface Tracer {
  readonly observer: Observer;
  readonly accesses: readonly TracedAccess[];
  /** How many came after the last one that was kept. */
  readonly dropped: () => number;
}

/** A tracer that keeps the first accesses: 65,536 unless given. */
export function newTracer(most: number = maxAccesses): Tracer {
  const accesses: TracedAccess[] = [];
  let count = 0;
  const observer: Observer = {
    access: (state, access) => {
      const { kind, at, site } = access;
      const bytes = site.reference.type.size;
      return forEachAddress(state, access, (lane, byte) => {
        if (count++ >= most) return;
        const { steps: step, workgroup } = state;
        accesses.push({ kind, variable: site.variable, at, step, lane, workgroup, byte, bytes });
      });
    },
  };
  return { observer, accesses, dropped: () => count - accesses.length };
}
