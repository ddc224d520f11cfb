import { ShapeError } from "../../tensor/shape.ts";

/** Most rows that one step can hold, and so most that are sampled together. */
export const maxBatch = 64;

/** Columns of the settings tensor `[64, 8]` (f32), in order; the eighth is reserved. */
export const settingColumns = [
  "temperature",
  "topK",
  "topP",
  "minP",
  "repetition",
  "presence",
  "frequency",
] as const;

/** How one batch row is sampled. */
export type SamplingSettings = { readonly [K in (typeof settingColumns)[number]]?: number };

/** What leaves the logits as they are and draws from all tokens. */
export const neutralSettings = {
  temperature: 1,
  topK: 0,
  topP: 1,
  minP: 0,
  repetition: 1,
  presence: 0,
  frequency: 0,
} as const satisfies Required<SamplingSettings>;

const ranges: Readonly<Record<keyof SamplingSettings, readonly [number, number]>> = {
  temperature: [0, Number.MAX_VALUE],
  topK: [0, 2 ** 24],
  topP: [0, 1],
  minP: [0, 1],
  repetition: [Number.MIN_VALUE, Number.MAX_VALUE],
  presence: [-Number.MAX_VALUE, Number.MAX_VALUE],
  frequency: [-Number.MAX_VALUE, Number.MAX_VALUE],
};

/**
 * The elements of a settings tensor, a row for each batch row; what a row leaves out, and rows left out, are neutral.
 * Throws `ShapeError` for more than 64 rows and for a value outside its range.
 */
export function packSettings(rows: readonly SamplingSettings[]): Float32Array<ArrayBuffer> {
  if (rows.length > maxBatch) throw new ShapeError(`sampling: ${rows.length} rows of settings, at most ${maxBatch}`);
  const packed = new Float32Array(maxBatch * 8);
  for (let row = 0; row < maxBatch; row++) {
    for (const [column, name] of settingColumns.entries()) {
      const value = rows[row]?.[name] ?? neutralSettings[name];
      const [least, most] = ranges[name];
      if (!(value >= least && value <= most) || (name === "topK" && !Number.isInteger(value))) {
        throw new ShapeError(
          `sampling: ${name} of row ${row} is ${value}, expected ${name === "topK" ? "an integer, " : ""}${expected(least, most)}`,
        );
      }
      packed[row * 8 + column] = value;
    }
  }
  return packed;
}
