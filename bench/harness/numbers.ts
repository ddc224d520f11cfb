const prefixes = ["", "k", "M", "G", "T", "P"];
const small = ["", "m", "µ", "n"];

/** Three digits, without an exponent: 0.0123, 1.23, 12.3, 1234. */
export function digits(value: number): string {
  if (value === 0) return "0";
  if (value >= 99.95) return value.toFixed(0);
  return value >= 0.001 ? value.toPrecision(3) : value.toFixed(4);
}

/** Three digits with a prefix and a unit: `269 MFLOP`, `4.19 MB`, `12.3 µs`. Factors of 1000. */
export function quantity(value: number, unit = ""): string {
  if (value === 0 || !Number.isFinite(value)) return `${value} ${unit}`.trim();
  const power = Math.floor(Math.log10(value * 1.0005) / 3);
  const step = Math.max(-small.length + 1, Math.min(prefixes.length - 1, power));
  const scaled = value / 1000 ** step;
  const text = step === 0 && Number.isInteger(value) ? String(value) : digits(scaled);
  return `${text} ${(step < 0 ? small[-step] : prefixes[step]) ?? ""}${unit}`.trim();
}

/** A share as a percentage of two digits, or three above 100. */
export function percent(share: number): string {
  const value = share * 100;
  return `${value >= 9.95 ? value.toFixed(0) : value.toFixed(1)}%`;
}
