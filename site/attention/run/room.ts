import { bytesOf } from "../../../bench/attention/backward/subjects.ts";
import { callBytes, callShapes, pairBytes } from "../../../bench/attention/calls.ts";
import type { AttentionCase } from "../../../bench/attention/case.ts";
import { memory } from "../../shell/format.ts";

/** Memory of a case in bytes: its largest tensor, and inputs and results together, including gradients. */
export function roomOf(given: AttentionCase, gradients = false): { readonly largest: number; readonly all: number } {
  const { batch } = given;
  const calls = callShapes(given).map((call) => callBytes(call, given));
  const pairs = batch.groups.map((group) => pairBytes(given, group));
  return {
    largest: Math.max(...pairs, ...calls.map(({ largest }) => largest)),
    all: gradients
      ? pairs.reduce((sum, bytes) => sum + bytes, bytesOf(given, { kind: "backward" }))
      : [...pairs, ...calls.map(({ all }) => all)].reduce((sum, bytes) => sum + bytes, 0),
  };
}

/** Why a device has no room for a case; undefined if it has. */
export function tooLarge(
  given: AttentionCase,
  { binding, buffer }: { readonly binding: number; readonly buffer: number },
): string | undefined {
  const { largest } = roomOf(given);
  if (largest <= Math.min(binding, buffer)) return undefined;
  const [name, limit] = binding <= buffer ? ["a binding", binding] : ["a buffer", buffer];
  return `a tensor of ${memory(largest)}, ${name} holds ${memory(limit)} on this device`;
}

/** The case, marked as skipped if the device has no room for it. */
export function withRoom(
  given: AttentionCase,
  limits: { readonly binding: number; readonly buffer: number },
): AttentionCase {
  const missing = given.missing ?? tooLarge(given, limits);
  return missing === undefined ? given : { ...given, missing };
}
