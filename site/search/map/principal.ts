/** The plane in which vectors differ most. */
export interface PrincipalPlane {
  readonly mean: Float64Array;
  /** Two directions of length 1, at right angles. */
  readonly axes: readonly [Float64Array, Float64Array];
  /** The share of each in the total variance, from 0 to 1. */
  readonly shares: readonly [number, number];
}

/** Directions to iterate: more than needed, so that the needed ones converge faster. */
const block = 6;
const maxIterations = 200;
/** Elements of rows processed at a time: a few milliseconds' work. */
const atOnce = 2 ** 17;
/** Relative change of the two largest variances at which iteration ends. */
const settled = 1e-5;

/**
 * The two principal directions of `count` rows of `width` elements, by orthogonal (power) iteration of their
 * covariance, which is never formed: each iteration is `Xᵀ(X·V)` of the centred rows (Golub and Van Loan, Matrix
 * Computations, 8.2). In float64. It yields every few milliseconds to other work. The sign of an axis is chosen by its
 * largest element, so that equal rows give equal pictures. Also returns x and y of each row.
 */
export function* principalPlane(
  rows: Float32Array,
  count: number,
  width: number,
): Generator<undefined, { readonly plane: PrincipalPlane; readonly points: Float32Array<ArrayBuffer> }, undefined> {
  const each = function* (visit: (row: Float32Array, i: number) => void): Generator<undefined, void, undefined> {
    const few = Math.max(1, Math.floor(atOnce / width));
    for (let i = 0; i < count; i++) {
      visit(rows.subarray(i * width, (i + 1) * width), i);
      if (i % few === few - 1) yield;
    }
  };
  const mean = new Float64Array(width);
  yield* each((row) => {
    for (let j = 0; j < width; j++) mean[j] = (mean[j] ?? 0) + (row[j] ?? 0);
  });
  for (let j = 0; j < width; j++) mean[j] = (mean[j] ?? 0) / count;
  let all = 0;
  yield* each((row) => {
    for (let j = 0; j < width; j++) all += ((row[j] ?? 0) - (mean[j] ?? 0)) ** 2;
  });
  const k = Math.min(block, width);
  let basis = orthonormal(
    Array.from({ length: k }, (_, c) => Float64Array.from({ length: width }, (_, j) => start(c, j))),
  );
  let variances = [0, 0];
  for (let iteration = 0; iteration < maxIterations; iteration++) {
    const next = basis.map(() => new Float64Array(width));
    const before = basis;
    yield* each((row) => {
      for (const [c, direction] of before.entries()) {
        const along = centred(row, mean, direction);
        const sum = next[c] as Float64Array;
        for (let j = 0; j < width; j++) sum[j] = (sum[j] ?? 0) + along * ((row[j] ?? 0) - (mean[j] ?? 0));
      }
    });
    const found = next.map((sum, c) => product(sum, basis[c] as Float64Array));
    basis = orthonormal(next);
    const change = Math.max(...[0, 1].map((c) => Math.abs((found[c] ?? 0) - (variances[c] ?? 0))));
    variances = [found[0] ?? 0, found[1] ?? 0];
    if (change <= settled * (found[0] ?? 0)) break;
  }
  const zero = new Float64Array(width);
  const axes = [signed(basis[0] ?? zero), signed(basis[1] ?? zero)] as const;
  const share = (variance = 0) => (all > 0 ? variance / all : 0);
  const plane: PrincipalPlane = { mean, axes, shares: [share(variances[0]), share(variances[1])] };
  const points = new Float32Array(2 * count);
  yield* each((row, i) => points.set(positionIn(plane, row), 2 * i));
  return { plane, points };
}

/** The position of a vector in the plane. */
export const positionIn = ({ mean, axes }: PrincipalPlane, vector: ArrayLike<number>): [x: number, y: number] => [
  centred(vector, mean, axes[0]),
  centred(vector, mean, axes[1]),
];

function centred(row: ArrayLike<number>, mean: Float64Array, direction: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < mean.length; j++) sum += ((row[j] ?? 0) - (mean[j] ?? 0)) * (direction[j] ?? 0);
  return sum;
}

function product(p: Float64Array, q: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < p.length; j++) sum += (p[j] ?? 0) * (q[j] ?? 0);
  return sum;
}

/** Makes directions orthonormal, in order (modified Gram-Schmidt, twice). Linearly dependent ones become zero. */
function orthonormal(directions: Float64Array[]): Float64Array[] {
  for (const [c, direction] of directions.entries()) {
    const before = Math.sqrt(product(direction, direction));
    for (let pass = 0; pass < 2; pass++) {
      for (const other of directions.slice(0, c)) {
        const along = product(direction, other);
        for (let j = 0; j < direction.length; j++) direction[j] = (direction[j] ?? 0) - along * (other[j] ?? 0);
      }
    }
    const length = Math.sqrt(product(direction, direction));
    const scale = length > 1e-12 * before ? 1 / length : 0;
    for (let j = 0; j < direction.length; j++) direction[j] = (direction[j] ?? 0) * scale;
  }
  return directions;
}

/** Pseudo-random numbers, the same each time. */
const start = (c: number, j: number): number => {
  const x = Math.sin(12.9898 * (j + 1) + 78.233 * (c + 1)) * 43758.5453;
  return x - Math.floor(x) - 0.5;
};

function signed(direction: Float64Array): Float64Array {
  const largest = direction.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0);
  return largest < 0 ? direction.map((value) => -value) : direction;
}
