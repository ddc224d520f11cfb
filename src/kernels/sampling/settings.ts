import { atLeast, between, checkOptions, fieldsOf, finite, integer, positive, shown } from "../../options/checks.ts";
import { OptionError } from "../../options/errors.ts";
import { ShapeError } from "../../tensor/shape.ts";
import { maxBatch } from "../step.ts";

/** Columns of the settings tensor `[64, 8]` (f32), in order; the eighth is reserved. */
const settingColumns = ["temperature", "topK", "topP", "minP", "repetition", "presence", "frequency"] as const;

/** How one batch row is sampled. */
export type SamplingSettings = { readonly [K in (typeof settingColumns)[number]]?: number };

/** Settings that leave the logits unchanged and draw from all tokens. */
const neutralSettings = {
  temperature: 1,
  topK: 0,
  topP: 1,
  minP: 0,
  repetition: 1,
  presence: 0,
  frequency: 0,
} as const satisfies Required<SamplingSettings>;

const fields = fieldsOf<SamplingSettings>({
  temperature: atLeast(0),
  topK: integer(0, 2 ** 24 - 1),
  topP: between(0, 1),
  minP: between(0, 1),
  repetition: positive,
  presence: finite,
  frequency: finite,
});

/**
 * The elements of a settings tensor, one row per batch row; settings and rows left out are neutral. Throws `ShapeError`
 * for more than 64 rows, `OptionError` for a value outside its range.
 */
export function packSettings(rows: readonly SamplingSettings[]): Float32Array<ArrayBuffer> {
  if (!Array.isArray(rows)) throw new OptionError(`packSettings: rows is ${shown(rows)}, expected a list of settings`);
  if (rows.length > maxBatch) throw new ShapeError(`sampling: ${rows.length} rows of settings, at most ${maxBatch}`);
  rows.forEach((row, index) => {
    checkOptions("packSettings", fields, row, `rows[${index}].`);
  });
  const packed = new Float32Array(maxBatch * 8);
  for (let row = 0; row < maxBatch; row++) {
    for (const [column, name] of settingColumns.entries()) {
      const value = rows[row]?.[name] ?? neutralSettings[name];
      packed[row * 8 + column] = value;
    }
  }
  return packed;
}
