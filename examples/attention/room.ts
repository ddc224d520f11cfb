import type { AttentionCase } from "../../bench/attention/plan.ts";
import { memory } from "../site/format.ts";

/** Rows of the cache that the bench keeps behind the last key. */
const spareRows = 64;

/** What a case asks of a device, bytes at 4 an element: its largest tensor, and inputs and result together. */
export function roomOf({ batch, heads: { h, g, d, dv } }: AttentionCase): {
  readonly largest: number;
  readonly all: number;
} {
  const sizes = batch.groups.map(({ count: b, t, s }) => {
    const rows = b * g * (s + spareRows);
    return [b * t * h * d, rows * d, rows * dv, b * t * h * dv].map((elements) => 4 * elements);
  });
  return { largest: Math.max(...sizes.flat()), all: sizes.flat().reduce((sum, bytes) => sum + bytes, 0) };
}

/** Why a device has no room for a case; undefined where it has. */
export function tooLarge(
  given: AttentionCase,
  { binding, buffer }: { readonly binding: number; readonly buffer: number },
): string | undefined {
  const { largest } = roomOf(given);
  if (largest <= Math.min(binding, buffer)) return undefined;
  const [name, limit] = binding <= buffer ? ["a binding", binding] : ["a buffer", buffer];
  return `a tensor of ${memory(largest)}, ${name} holds ${memory(limit)} on this device`;
}

/** The case, marked as one that cannot be run where the device has no room for it. */
export function withRoom(
  given: AttentionCase,
  limits: { readonly binding: number; readonly buffer: number },
): AttentionCase {
  const missing = given.missing ?? tooLarge(given, limits);
  return missing === undefined ? given : { ...given, missing };
}
