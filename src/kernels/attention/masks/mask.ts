import { type Check, checkValue, wrongKind } from "../../../options/checks.ts";
import { OptionError } from "../../../options/errors.ts";
import type { CustomMask } from "../custom/custom.ts";
import { madeByContent } from "../records/made.ts";
import { type MaskRecord, recordMask } from "../records/mask-record.ts";
import type { MaskMod } from "../records/mod.ts";
import { byName, type Given, memo } from "../records/parameters.ts";
import { causal } from "./causal.ts";
import { full } from "./full.ts";
import { slidingWindow } from "./sliding-window.ts";
import type { masks } from "./table.ts";

/** A mask of the table: its name, or `{ kind, … }` with its parameters. */
export type NamedMask = Given<(typeof masks)[number]>;

/**
 * Which keys a query sees, by absolute positions; `and` for the keys that all of several masks show, `or` for those
 * that any shows.
 */
export type AttentionMask =
  | NamedMask
  | CustomMask
  | { readonly and: readonly AttentionMask[] }
  | { readonly or: readonly AttentionMask[] };

/** The masks of models, the only ones in a page that runs one. */
const models = byName<MaskRecord>([full, causal, slidingWindow]);
const plain = new Map<string, MaskMod>();

/** Functions of masks, each made once: from parameters here, from other masks and from text in `made-mods.ts`. */
export const madeMasks = madeByContent<MaskMod>();

/** The forms that a mask may have; its record checks its parameters. */
export const maskCheck: Check = (mask) =>
  typeof mask === "string" || isObject(mask) ? undefined : `the name of a mask, or an object with ${forms}`;

const forms = "kind, and or or";
const isObject = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);

/** True for masks of the table. */
export const isNamedMask = (mask: AttentionMask): mask is NamedMask =>
  typeof mask === "string" || ("kind" in mask && mask.kind !== "custom");

/** The function of a mask of a table of records. Throws `OptionError` for invalid parameters. */
export function namedMaskMod(mask: NamedMask, records: ReadonlyMap<string, MaskRecord>): MaskMod {
  if (typeof mask === "string") return memo(plain, mask, () => recordMask(recordOf(mask, records), {}));
  if (typeof mask.kind !== "string") throw wrongKind("attention", "mask", mask, [...records.keys(), "custom"]);
  return memo(madeMasks, mask, () => recordMask(recordOf(mask.kind, records), mask));
}

/**
 * The function of a mask of models, or of one that `makeMods` has made. Throws `OptionError` for invalid parameters.
 */
export function maskMod(mask: AttentionMask): MaskMod {
  checkValue("attention", "mask", maskCheck, mask);
  if (isNamedMask(mask)) return namedMaskMod(mask, models);
  const mod = madeMasks.get(mask);
  if (!mod) throw new TypeError("attention: this takes masks of models, not custom or joined ones");
  return mod;
}

function recordOf(name: string, records: ReadonlyMap<string, MaskRecord>): MaskRecord {
  const record = records.get(name);
  if (record) return record;
  throw new OptionError(`attention: there is no mask ${name}; there are ${[...records.keys(), "custom"].join(", ")}`);
}
