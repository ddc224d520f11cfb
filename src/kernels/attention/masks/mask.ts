import { ShapeError } from "../../../tensor/shape.ts";
import type { CustomMask } from "../custom/custom.ts";
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
const plain = new Map<string, MaskMod>();

/** Functions of masks that are made once: by their parameters here, of others and of text in `made-mods.ts`. */
export const madeMasks = new WeakMap<object, MaskMod>();

/** True of masks of the table. */
export const isNamedMask = (mask: AttentionMask): mask is NamedMask =>
  typeof mask === "string" || ("kind" in mask && mask.kind !== "custom");

/**
 * The function of a mask of the table, or of one that `makeMods` has made. Throws `ShapeError` for parameters that make
 * no sense.
 */
export function maskMod(mask: AttentionMask): MaskMod {
  if (typeof mask === "string") return memo(plain, mask, () => recordMask(recordOf(mask), {}));
  if (isNamedMask(mask)) return memo(madeMasks, mask, () => recordMask(recordOf(mask.kind), mask));
  const mod = madeMasks.get(mask);
  if (!mod) throw new TypeError("attention: this takes masks of the table, not one of one's own or of several");
  return mod;
}

function recordOf(name: string): MaskRecord {
  const record = records.get(name);
  if (record) return record;
  throw new ShapeError(`attention: there is no mask ${name}; there are ${[...records.keys(), "custom"].join(", ")}`);
}
