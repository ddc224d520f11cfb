import { ShapeError } from "../../tensor/shape.ts";
import { maxBatch } from "../step.ts";

/** Columns of the settings tensor `[64, 8]` (f32), in order; the eighth is reserved. */
export const settingColumns = ["temperature", "topK", "topP", "minP", "repetition", "presence", "frequency"] as const;

/** How one batch row is sampled. */
export type SamplingSettings = { readonly [K in (typeof settingColumns)[number]]?: number };

/** Settings that leave the logits unchanged and draw from all tokens. */
export const neutralSettings = {
  temperature: 1,
  topK: 0,
  topP: 1,
  minP: 0,
  repetition: 1,
  presence: 0,
  frequency: 0,
} as const satisfies Required<SamplingSettings>;

const finite = (value: number) => Number.isFinite(value);

/** The valid values of each setting, with their description for errors. */
const allowed: Readonly<Record<keyof SamplingSettings, readonly [(value: number) => boolean, string]>> = {
  temperature: [(value) => value >= 0 && finite(value), "0 or more"],
  topK: [(value) => value >= 0 && value < 2 ** 24 && Number.isInteger(value), "an integer from 0 to 2²⁴ − 1"],
  topP: [(value) => value >= 0 && value <= 1, "0 to 1"],
  minP: [(value) => value >= 0 && value <= 1, "0 to 1"],
  repetition: [(value) => value > 0 && finite(value), "more than 0"],
  presence: [finite, "a finite number"],
  frequency: [finite, "a finite number"],
};

/**
 * The elements of a settings tensor, one row per batch row; settings and rows left out are neutral. Throws `ShapeError`
 * for more than 64 rows and for a value outside its range.
 */
export function packSettings(rows: readonly SamplingSettings[]): Float32Array<ArrayBuffer> {
  if (rows.length > maxBatch) throw new ShapeError(`sampling: ${rows.length} rows of settings, at most ${maxBatch}`);
  const packed = new Float32Array(maxBatch * 8);
  for (let row = 0; row < maxBatch; row++) {
    for (const [column, name] of settingColumns.entries()) {
      const value = rows[row]?.[name] ?? neutralSettings[name];
      const [allows, what] = allowed[name];
      if (!allows(value)) throw new ShapeError(`sampling: ${name} of row ${row} is ${value}, expected ${what}`);
      packed[row * 8 + column] = value;
    }
  }
  return packed;
}
