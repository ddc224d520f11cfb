import { ShapeError } from "../../../tensor/shape.ts";
import { type CustomMask, customMask } from "../custom/custom.ts";
import { joinMasks } from "../joined.ts";
import type { MaskMod } from "../mod.ts";
import { type MaskRecord, recordMask } from "../records/mask-record.ts";
import { byName, type Given, memo } from "../records/parameters.ts";
import { masks } from "./table.ts";

/** A mask of the table: its name, or where it has parameters `{ kind, … }` with them. */
export type NamedMask = Given<(typeof masks)[number]>;

/**
 * Which keys a query sees, by absolute positions; `and` for what all of several masks show, `or` for what any of them
 * does.
 */
export type AttentionMask =
  | NamedMask
  | CustomMask
  | { readonly and: readonly AttentionMask[] }
  | { readonly or: readonly AttentionMask[] };

const records = byName<MaskRecord>(masks);
const made = new WeakMap<object, MaskMod>();
const plain = new Map<string, MaskMod>();

/** The function of a mask. Throws `ShapeError` for parameters that make no sense, `ShaderError` for a user's text. */
export function maskMod(mask: AttentionMask): MaskMod {
  if (typeof mask === "string") return memo(plain, mask, () => recordMask(recordOf(mask), {}));
  return memo(made, mask, () => {
    if ("and" in mask) return joinMasks("and", mask.and.map(maskMod));
    if ("or" in mask) return joinMasks("or", mask.or.map(maskMod));
    return mask.kind === "custom" ? customMask(mask) : recordMask(recordOf(mask.kind), mask);
  });
}

function recordOf(name: string): MaskRecord {
  const record = records.get(name);
  if (record) return record;
  throw new ShapeError(`attention: there is no mask ${name}; there are ${[...records.keys(), "custom"].join(", ")}`);
}
