import { customMask, customScore, usesHead } from "../kernels/attention/custom/custom.ts";
import { type MaskName, masks } from "../kernels/attention/masks/table.ts";
import type { MaskRecord } from "../kernels/attention/records/mask-record.ts";
import {
  byName,
  type ExampleCall,
  type Filled,
  type Parameter,
  type TensorParameter,
} from "../kernels/attention/records/parameters.ts";
import type { ScoreRecord } from "../kernels/attention/records/score-record.ts";
import { differsByHead } from "../kernels/attention/records/values.ts";
import { type ScoreName, scores } from "../kernels/attention/scores/table.ts";
import { type Mask, masks as maskDefinitions } from "../reference/attention/masks.ts";
import { type Score, scores as scoreDefinitions } from "../reference/attention/scores.ts";
import { dense } from "../reference/dense.ts";
import type { MaskDescription, ScoreDescription } from "../reference/described.ts";
import type { StoredDense } from "./named.ts";
import { randomSource } from "./random.ts";

// The records of masks and scores with their definitions: descriptions whose tensors are dense.

/** A record of a mask or a score. */
export type AttentionRecord = MaskRecord | ScoreRecord;
/** A parameter that is written as its value: all but tensors. */
export type WrittenParameter = Exclude<Parameter, TensorParameter>;

/** All masks, by name. */
export const maskRecords = byName<MaskRecord>(masks);
/** All scores, by name. */
export const scoreRecords = byName<ScoreRecord>(scores);

// A record without a definition of its name does not compile.
maskDefinitions satisfies Readonly<Record<MaskName, (...given: never) => Mask>>;
scoreDefinitions satisfies Readonly<Record<ScoreName, (...given: never) => Score>>;

/** A mask or score with these values, for the reference and `uploaded`. */
export function describedBy<D extends MaskDescription | ScoreDescription>(
  { name, parameters }: Pick<AttentionRecord, "name" | "parameters">,
  values: Readonly<Record<string, unknown>>,
): D {
  const given = Object.entries(parameters).flatMap(([key, parameter]) => {
    const value = values[key];
    if (value === undefined) return [];
    if (parameter.type === "tensor") return [[key, stored(value as Filled, parameter.dtype)]];
    return [[key, parameter.type === "factor" ? Math.fround(Number(value)) : value]]; // as the uniform has it
  });
  return (Object.keys(parameters).length === 0 ? name : { kind: name, ...Object.fromEntries(given) }) as D;
}

/** A tensor for the reference, rounded to its stored type, with the type in which it is uploaded. */
export function stored({ shape, values }: Filled, dtype: "u32" | "f32"): StoredDense {
  return { ...dense(shape, dtype === "f32" ? Array.from(values, Math.fround) : values), dtype };
}

/** The call for which a record's examples and tensors are made, with its random numbers. */
export const withRandom = <S extends object>(shape: S): S & Pick<ExampleCall, "random"> => ({
  ...shape,
  random: randomSource,
});

/** The examples of all records of a kind, by name. */
export function examplesOf<D extends MaskDescription | ScoreDescription>(
  records: ReadonlyMap<string, AttentionRecord>,
  shape: Omit<ExampleCall, "random">,
): Record<string, D> {
  return Object.fromEntries(
    [...records.values()].flatMap((record) =>
      Object.entries(record.examples(withRandom(shape))).map(([name, values]) => [
        name,
        describedBy<D>(record, values),
      ]),
    ),
  );
}

/** True if heads may see different keys. */
export function isByHead(mask: MaskDescription): boolean {
  if (typeof mask === "string") return false;
  if ("and" in mask) return mask.and.some(isByHead);
  if ("or" in mask) return mask.or.some(isByHead);
  if (mask.kind === "custom") return usesHead(mask.wgsl);
  const record = maskRecords.get(mask.kind);
  if (!record) throw new RangeError(`there is no mask ${mask.kind}`);
  const values = mask as never; // of dense tensors only the shape is read
  return record.byHead?.(values) ?? differsByHead(record.parameters, values);
}

/** Throws for a user's mask or score that attention would refuse, because of its text or of missing parameters. */
export function checkCustom(what: "mask" | "score", description: MaskDescription | ScoreDescription): void {
  const custom = description as never; // of its tensors only the names are read
  if (what === "mask") customMask(custom);
  else customScore(custom);
}

// The records of layouts of keys and values, by which cases and benches lay out sequences.

export type { LaidOut, LayoutNumbers, SequenceSize } from "../kernels/kv-cache/layouts/layout-record.ts";
export { type AnyLayoutRecord, layoutRecords } from "../kernels/kv-cache/layouts.ts";
