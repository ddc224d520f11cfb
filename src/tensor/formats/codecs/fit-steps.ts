// How the reference quantisers of ggml choose the steps of a group: searches for the least weighted error.

/** The nearest integer, ties to even; for numbers less than 2⁵¹. */
export const nearestEven = (x: number): number => x + 6755399441055744 - 6755399441055744;

/** The code nearest to `x`, from `lowest` to `highest`. */
export function nearestCode(x: number, lowest: number, highest: number): number {
  const code = nearestEven(x);
  if (code > highest) return highest; // faster than Math.min and Math.max
  if (code < lowest) return lowest;
  return code;
}

/** Groups whose largest number is less have a scale of 0. */
const tiny = 1e-15;

/** The number furthest from 0 of `count` from `first` on, with its sign. */
export function furthestOf(x: ArrayLike<number>, first: number, count: number): number {
  let furthest = 0;
  for (let i = first; i < first + count; i++) if (Math.abs(x[i] ?? 0) > Math.abs(furthest)) furthest = x[i] ?? 0;
  return furthest;
}

/**
 * A scale for codes of −levels to levels − 1: of 19 around the scale that makes the number furthest from 0 −levels, the
 * one with the least error, weighted by the squares of the numbers.
 */
export function fitScale(x: Float32Array, first: number, count: number, levels: number): number {
  const furthest = furthestOf(x, first, count);
  if (Math.abs(furthest) < tiny) return 0;
  let [scale, best] = [0, 0];
  for (let trial = 0; trial <= 18; trial++) {
    const step = trial === 0 ? 0 : trial <= 9 ? trial - 10 : trial - 9; // 0, then −9 to −1 and 1 to 9
    const inverse = -(levels + 0.1 * step) / furthest;
    let products = 0;
    let squares = 0;
    for (let i = first; i < first + count; i++) {
      const value = x[i] ?? 0;
      const code = nearestCode(inverse * value, -levels, levels - 1);
      const weighted = value * value * code;
      products += weighted * value;
      squares += weighted * code;
    }
    if (squares > 0 && (trial === 0 || products * products > best * squares)) {
      scale = products / squares;
      best = scale * products;
    }
  }
  return scale;
}

/**
 * A scale for codes of −levels to levels − 1. It starts from the scale that makes the number furthest from 0 −levels;
 * then single codes change where that lessens the error, weighted by the squares of the numbers, in at most five
 * passes.
 */
export function refineScale(x: Float32Array, first: number, count: number, levels: number): number {
  const furthest = furthestOf(x, first, count);
  if (Math.abs(furthest) < tiny) return 0;
  const codes = new Int8Array(count);
  let [products, squares] = [0, 0];
  for (let i = 0; i < count; i++) {
    const value = x[first + i] ?? 0;
    const code = nearestCode((-levels / furthest) * value, -levels, levels - 1);
    codes[i] = code;
    products += value ** 3 * code;
    squares += value ** 2 * code * code;
  }
  for (let pass = 0, changed = true; pass < 5 && changed; pass++) {
    changed = false;
    for (let i = 0; i < count; i++) {
      const [value, code] = [x[first + i] ?? 0, codes[i] ?? 0];
      const weight = value * value;
      const [otherProducts, otherSquares] = [products - weight * value * code, squares - weight * code * code];
      if (otherProducts <= 0) continue;
      const next = nearestCode((value * otherSquares) / otherProducts, -levels, levels - 1);
      if (next === code) continue;
      const [newProducts, newSquares] = [otherProducts + weight * value * next, otherSquares + weight * next * next];
      if (newSquares <= 0 || newProducts * newProducts * squares <= products * products * newSquares) continue;
      codes[i] = next;
      [products, squares, changed] = [newProducts, newSquares, true];
    }
  }
  return squares > 0 ? products / squares : 0;
}

/** How a scale and a minimum are searched for. */
export interface RangeSearch {
  /** The largest code. */
  readonly highest: number;
  /** Added to it in the first trial; each further one adds 0.1. */
  readonly from: number;
  readonly trials: number;
  /** What is minimised: the weighted sum of the errors, or of their squares. */
  readonly least: "errors" | "squares";
}

// The group being searched: its numbers, their weights, and the products of both.
const [values, weights, products] = [new Float64Array(32), new Float64Array(32), new Float64Array(32)];

/**
 * A scale and a minimum of at most 0 for `count` numbers as codes from 0 on:  x ≈ scale · code − minimum. Of several
 * ranges the one with the least weighted error, each with the steps that least squares give for its codes. Weights are
 * the magnitudes, with those of `squares` added to the root of the mean square.
 *
 * @returns the scale and the minimum's magnitude.
 */
export function fitRange(
  x: Float32Array,
  first: number,
  count: number,
  { highest, from, trials, least }: RangeSearch,
): { readonly scale: number; readonly minimum: number } {
  let [lowest, largest, square] = [0, x[first] ?? 0, 0];
  for (let i = first; i < first + count; i++) {
    const value = x[i] ?? 0;
    lowest = Math.min(lowest, value);
    largest = Math.max(largest, value);
    square += value * value;
  }
  if (largest <= lowest) return { scale: 0, minimum: -lowest };
  const base = least === "squares" ? Math.sqrt(square / count) : 0;
  let [sumW, sumX, sumX2] = [0, 0, 0];
  for (let i = 0; i < count; i++) {
    const value = x[first + i] ?? 0;
    const weight = base + Math.abs(value);
    values[i] = value;
    weights[i] = weight;
    products[i] = weight * value;
    sumW += weight;
    sumX += weight * value;
    sumX2 += weight * value * value;
  }
  let scale = (largest - lowest) / highest;
  let best = Number.POSITIVE_INFINITY;
  for (let trial = -1; trial <= trials && largest > lowest; trial++) {
    const inverse = (trial < 0 ? highest : from + 0.1 * trial + highest) / (largest - lowest);
    let sumC = 0; // one by one: this is most of the work, and lists cost a quarter of it
    let sumC2 = 0;
    let sumCX = 0;
    for (let i = 0; i < count; i++) {
      const code = nearestCode(inverse * ((values[i] ?? 0) - lowest), 0, highest);
      const weighted = (weights[i] ?? 0) * code;
      sumC += weighted;
      sumC2 += weighted * code;
      sumCX += (products[i] ?? 0) * code;
    }
    let step = scale;
    let minimum = lowest;
    if (trial >= 0) {
      const determinant = sumW * sumC2 - sumC * sumC;
      if (determinant <= 0) continue;
      step = (sumW * sumCX - sumX * sumC) / determinant;
      minimum = (sumC2 * sumX - sumC * sumCX) / determinant;
      if (minimum > 0) {
        step = sumCX / sumC2;
        minimum = 0;
      }
    }
    let error = sumX2 + step * (step * sumC2 + 2 * minimum * sumC - 2 * sumCX) + minimum * (minimum * sumW - 2 * sumX);
    if (least === "errors") {
      error = 0;
      for (let i = 0; i < count; i++) {
        const value = values[i] ?? 0;
        const code = nearestCode(inverse * (value - lowest), 0, highest);
        error += (weights[i] ?? 0) * Math.abs(step * code + minimum - value);
      }
    }
    if (error < best) {
      scale = step;
      lowest = minimum;
      best = error;
    }
  }
  return { scale, minimum: -lowest };
}
