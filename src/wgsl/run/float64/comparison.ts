// How numbers that were computed with roundings compare with those of float64.

/** Scalars of a buffer, computed without rounding. */
export interface Float64Numbers {
  readonly values: Float64Array;
  /** How far the number of a GPU that does what WGSL says may be from the value; infinite where WGSL says nothing. */
  readonly bounds: Float64Array;
  /** 1 where rounding has decided between this number and any other, as after a branch on a float; its bound says nothing. */
  readonly decided: Uint8Array;
}

/** A number that is further from float64 than WGSL allows, or the one that is closest to being so. */
interface ComparedElement {
  readonly index: number;
  readonly found: number;
  readonly value: number;
  readonly bound: number;
  /** Of the bound: how much of it the difference is. */
  readonly ratio: number;
}

/** How numbers of a buffer compare. */
export interface Float64Comparison {
  /** At most the bound away. */
  readonly within: number;
  readonly outside: number;
  /** Not compared: rounding has decided them. */
  readonly decided: number;
  /** Not compared: WGSL says nothing of them. */
  readonly unbounded: number;
  /** The largest ratio; undefined if all that are compared are the same as in float64. */
  readonly worst: ComparedElement | undefined;
  /** For each element the share of the bound that its difference is; NaN of those that are not compared. */
  readonly ratios: Float64Array;
}

/** Compares numbers, which are given by their index, with those of float64. */
export function comparison(
  { values, bounds, decided }: Float64Numbers,
  foundAt: (index: number) => number,
): Float64Comparison {
  const ratios = new Float64Array(values.length).fill(Number.NaN);
  const counts = { within: 0, outside: 0, decided: 0, unbounded: 0 };
  let worst: ComparedElement | undefined;
  for (const [index, value] of values.entries()) {
    const bound = bounds[index] as number;
    if (decided[index] === 1) counts.decided++;
    else if (bound === Number.POSITIVE_INFINITY) counts.unbounded++;
    else {
      const found = foundAt(index);
      const ratio = ratioOf(found, value, bound);
      ratios[index] = ratio;
      if (ratio <= 1) counts.within++;
      else counts.outside++;
      if (ratio > (worst?.ratio ?? 0)) worst = { index, found, value, bound, ratio };
    }
  }
  return { ...counts, worst, ratios };
}

/** A zero may have either sign; NaN is NaN. */
function ratioOf(found: number, value: number, bound: number): number {
  if (found === value || (Number.isNaN(found) && Number.isNaN(value))) return 0;
  const ratio = Math.abs(found - value) / bound;
  return Number.isNaN(ratio) ? Number.POSITIVE_INFINITY : ratio;
}
