const three = new Intl.NumberFormat("en", {
  minimumSignificantDigits: 3,
  maximumSignificantDigits: 3,
  useGrouping: false,
});
const atMostThree = new Intl.NumberFormat("en", { maximumSignificantDigits: 3, useGrouping: false });
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** Three significant digits; a dash for a missing value. */
export function digits(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  return value >= 1000 ? count(value) : three.format(value);
}

/** The same for an axis, without trailing zeros. */
export const tick = (value: number): string => (value >= 1000 ? count(value) : atMostThree.format(value));

/** A count with thin spaces between thousands. */
export const count = (value: number): string => whole.format(Math.round(value)).replaceAll(",", "\u2009");

/** A count with its noun: "1 case", "2 cases". */
export const counted = (value: number, thing: string): string => `${count(value)} ${thing}${value === 1 ? "" : "s"}`;

/** Whole per cent, one decimal below ten. */
export const percent = (share: number | null | undefined): string =>
  share === null || share === undefined ? "–" : `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;

const units = ["B", "KiB", "MiB", "GiB"] as const;

/** Bytes of memory in binary units. */
export function memory(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined) return "–";
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)));
  return `${digits(bytes / 1024 ** power)} ${units[power]}`;
}

/** Bytes of files in decimal units. */
export function fileSize(bytes: number): string {
  if (bytes < 1000) return `${count(bytes)} B`;
  const [unit, name] = bytes >= 1e9 ? [1e9, "GB"] : bytes >= 1e6 ? [1e6, "MB"] : [1e3, "kB"];
  return `${digits(bytes / unit)} ${name}`;
}

/** Seconds as people say them. */
export function duration(seconds: number): string {
  if (seconds < 90) return `${count(Math.max(1, seconds))} s`;
  return seconds < 5400 ? `${count(seconds / 60)} min` : `${digits(seconds / 3600)} h`;
}
