// Exact numbers as ratios of whole ones, and their nearest floats: what arithmetic of WGSL is compared with.

/** `over` / `under`; `under` is positive. */
export interface Ratio {
  readonly over: bigint;
  readonly under: bigint;
}

const double = new Float64Array(1);
const doubleBits = new BigUint64Array(double.buffer);
const single = new Float32Array(1);
const singleBits = new Uint32Array(single.buffer);

/** A finite double, exactly. */
export function ratio(x: number): Ratio {
  double[0] = x;
  const bits = doubleBits[0] ?? 0n;
  const code = (bits >> 52n) & 0x7ffn;
  const fraction = bits & 0xfffffffffffffn;
  const whole = code === 0n ? fraction : fraction | 0x10000000000000n;
  const exponent = (code === 0n ? 1n : code) - 1075n;
  const signed = bits >> 63n ? -whole : whole;
  return exponent < 0n ? { over: signed, under: 1n << -exponent } : { over: signed << exponent, under: 1n };
}

/** The double after x, away from zero, or before it. */
export function neighbour(x: number, step: 1n | -1n): number {
  double[0] = x;
  doubleBits[0] = (doubleBits[0] ?? 0n) + step;
  return double[0] ?? 0;
}

/** The f32 after x, away from zero, or before it. */
export function singleNeighbour(x: number, step: 1 | -1): number {
  single[0] = x;
  singleBits[0] = (singleBits[0] ?? 0) + step;
  return single[0] ?? 0;
}

/** The f32 of these bits. */
export function singleOf(bits: number): number {
  singleBits[0] = bits;
  return single[0] ?? 0;
}

export const plus = (a: Ratio, b: Ratio): Ratio => ({
  over: a.over * b.under + b.over * a.under,
  under: a.under * b.under,
});
export const times = (a: Ratio, b: Ratio): Ratio => ({ over: a.over * b.over, under: a.under * b.under });
export const negative = ({ over, under }: Ratio): Ratio => ({ over: -over, under });
export const divided = (a: Ratio, b: Ratio): Ratio =>
  b.over < 0n
    ? { over: -a.over * b.under, under: a.under * -b.over }
    : { over: a.over * b.under, under: a.under * b.over };

/** Negative, zero or positive as a is less than b, equal or greater. */
export function compared(a: Ratio, b: Ratio): number {
  const difference = a.over * b.under - b.over * a.under;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** Significant bits, the exponent of the least positive number, and that of the first power of two out of range. */
export interface Format {
  readonly digits: number;
  readonly least: number;
  readonly beyond: number;
}

export const formats = {
  f16: { digits: 11, least: -24, beyond: 16 },
  f32: { digits: 24, least: -149, beyond: 128 },
  f64: { digits: 53, least: -1074, beyond: 1024 },
} as const satisfies Readonly<Record<string, Format>>;

/** How many binary digits a positive number has. */
export function lengthOf(x: bigint): number {
  const text = x.toString(16);
  return 4 * text.length - Math.clz32(Number.parseInt(text[0] ?? "0", 16)) + 28;
}

/** The nearest number of a format, ties to even (IEEE 754, section 4.3.1). */
export function nearest({ over, under }: Ratio, { digits, least, beyond }: Format): number {
  if (over === 0n) return 0;
  const magnitude = over < 0n ? -over : over;
  const quotient = (exponent: number): [whole: bigint, twiceRest: bigint, by: bigint] => {
    const from = exponent < 0 ? magnitude << BigInt(-exponent) : magnitude;
    const by = exponent > 0 ? under << BigInt(exponent) : under;
    return [from / by, 2n * (from % by), by];
  };
  let exponent = Math.max(lengthOf(magnitude) - lengthOf(under) - digits, least);
  if (lengthOf(quotient(exponent)[0]) > digits) exponent++;
  const [whole, twiceRest, by] = quotient(exponent);
  const isUp = twiceRest > by || (twiceRest === by && whole % 2n === 1n);
  const rounded = isUp ? whole + 1n : whole;
  const isInfinite = rounded !== 0n && lengthOf(rounded) + exponent > beyond;
  const result = isInfinite ? Number.POSITIVE_INFINITY : Number(rounded) * 2 ** exponent;
  return over < 0n ? -result : result;
}
