import type { BenchRow } from "../../../bench/result.ts";
import { gradientOp } from "./gradients.ts";

const number = (digits: string | undefined, k: string | undefined) => Number(digits ?? 0) * (k ? 1024 : 1);

/** Queries of a row's batch, of its longest kind of sequence. */
export const queries = ({ batch }: BenchRow): number => {
  const [, digits, k] = /q(\d+)(k?)/.exec(batch) ?? [];
  return number(digits, k);
};

/** Keys of a row's batch, of its longest kind of sequence. */
export const keys = (row: BenchRow): number => {
  const [, digits, k] = /s(\d+)(k?)/.exec(row.batch) ?? [];
  return digits === undefined ? queries(row) : number(digits, k);
};

/** Heads, and the storage of keys and values if it is not the usual one. */
export const storageOf = ({ heads, dtype, layout }: BenchRow): string =>
  [heads, dtype === "f32" ? null : dtype, layout?.startsWith("contiguous") ? null : layout].filter(Boolean).join(" ");

/** Rows that one plot can show: they differ only in length. */
export function familyOf(row: BenchRow): string {
  const [, sequences = "1"] = /^(\d+)q/.exec(row.batch) ?? [];
  const shape = row.batch.includes("_")
    ? row.batch
    : queries(row) === keys(row)
      ? "prefill"
      : queries(row) === 1
        ? "decode"
        : `${queries(row)} queries`;
  const rest = [row.score === "none" ? null : row.score, storageOf(row)];
  const what = row.op === gradientOp ? "gradients" : null;
  return [
    what,
    shape,
    sequences === "1" || row.batch.includes("_") ? null : `${sequences} sequences`,
    row.mask,
    ...rest,
  ]
    .filter(Boolean)
    .join(", ");
}

/** The families of a result, the one with most rows first. */
export function familiesOf(rows: readonly BenchRow[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const row of rows) counts.set(familyOf(row), (counts.get(familyOf(row)) ?? 0) + 1);
  return [...counts].sort(([, p], [, q]) => q - p).map(([family]) => family);
}

/** The longest correct row of each variant. */
export function longestOf(rows: readonly BenchRow[]): readonly BenchRow[] {
  const longest = new Map<string, BenchRow>();
  for (const row of [...rows].sort((p, q) => keys(p) - keys(q))) longest.set(row.variant, row);
  return [...longest.values()];
}
