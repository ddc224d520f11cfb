import { WgslError } from "../../error.ts";

/** False while an expression is read whose value does not count. */
let valueCounts = true;

function reading<T>(counts: boolean, read: () => T): T {
  const outer = valueCounts;
  valueCounts = counts;
  try {
    return read();
  } finally {
    valueCounts = outer;
  }
}

/**
 * Reads an expression whose value does not count, such as the right side of `false && …`: its types are checked, its
 * numbers are not (WGSL, "Evaluation Order of Expressions", short circuits).
 */
export const withoutValues = <T>(read: () => T): T => reading(false, read);

/** Reads an expression whose value counts wherever it stands: the size of an array. */
export const withValues = <T>(read: () => T): T => reading(true, read);

/** Throws `WgslError` for a number that WGSL refuses in a constant, where its value counts. */
export function refuseValue(message: string, at: number): void {
  if (valueCounts) throw new WgslError(message, at);
}
