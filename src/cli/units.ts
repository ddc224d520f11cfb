const prefixes = ["", "k", "M", "G", "T"];

/** A number to about three digits with a unit: `12`, `3.4 k`, `512 MB`. Factors of 1000. */
export function quantity(value: number, unit = ""): string {
  let scaled = value;
  let prefix = 0;
  while (Math.abs(scaled) >= 999.5 && prefix < prefixes.length - 1) {
    scaled /= 1000;
    prefix++;
  }
  const digits = prefix === 0 && Number.isInteger(scaled) ? 0 : Math.abs(scaled) < 99.95 ? 1 : 0;
  return `${scaled.toFixed(digits)} ${prefixes[prefix]}${unit}`.trim();
}

/** A rate or other measured number: three digits, no exponent. */
export function measured(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/** Milliseconds rounded to microseconds, the clock's resolution. */
export function milliseconds(value: number): number {
  return Math.round(value * 1000) / 1000;
}
