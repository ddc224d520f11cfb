/** Where the continued fraction of erfc takes over from the series of erf: nearer 0 it needs too many terms. */
const HANDOVER = 0.75;

/** The error function `2/√π ∫₀ˣ exp(−u²) du`, within 1e-15. */
export function erf(x: number): number {
  return Math.abs(x) < HANDOVER ? series(x) : Math.sign(x) * (1 - tail(Math.abs(x)));
}

/** The complement `1 − erf(x)`, accurate relative to itself where it is small: 2e-15. */
export function erfc(x: number): number {
  if (x >= HANDOVER) return tail(x);
  return x <= -HANDOVER ? 2 - tail(-x) : 1 - series(x);
}

/** erf(x) = 2/√π · exp(−x²) · Σ 2ⁿ x²ⁿ⁺¹ / (1 · 3 · … · (2n + 1)): no terms cancel (NIST DLMF 7.6.2). */
function series(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * gaussian(x) * sum;
}

/** erfc(x) = exp(−x²)/√π · 1 / (x + ½ / (x + 1 / (x + ³⁄₂ / (x + …)))) for x > 0 (a form of NIST DLMF 7.9.1). */
function tail(x: number): number {
  if (Number.isNaN(x)) return x;
  let fraction = x;
  for (let n = Math.ceil(30 + 200 / x ** 2); n >= 1; n--) fraction = x + n / 2 / fraction;
  return gaussian(x) / (Math.sqrt(Math.PI) * fraction);
}

/**
 * exp(−x²) with x² split in two, since the rounding of x² alone would cost x² ulps: the square of a binary32 is
 * exact.
 */
function gaussian(x: number): number {
  const short = Math.fround(x);
  if (Math.abs(short) > 30) return 0; // exp(−900) underflows to 0, and x − short may overflow
  return Math.exp(-short * short) * Math.exp(-(x - short) * (x + short));
}
