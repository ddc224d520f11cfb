import type { ShaderModule } from "../../../gpu/shader/shader-module.ts";
import type { KeyRange, MaskMod } from "./mod.ts";
import type { ExampleCall, Filled, Numbers, Parameters, Values } from "./parameters.ts";
import { boundBy, checkValues, differsByHead, numbersIn } from "./values.ts";

/**
 * Everything about a mask except its WGSL and its definition in float64, which is a row of
 * `src/reference/attention/masks.ts`. Types, checks, the command line, pages, tests and docs are derived from it.
 */
export interface MaskRecord<Name extends string = string, P extends Parameters = Parameters> {
  readonly name: Name;
  /** Its file in `shaders/attention/masks`. */
  readonly part: ShaderModule;
  /** In written order. */
  readonly parameters: P;
  /** Values for tests, by name; the gallery draws the first. */
  examples(call: ExampleCall): Readonly<Record<string, Values<P, Filled>>>;
  /** The keys that queries `first` to `last` may see, among any number of keys; default all. */
  range?(mask: Values<P>, first: number, last: number): KeyRange;
  /** True if a query sees all keys of its range; default false. */
  closed?(mask: Values<P>): boolean;
  /** Number of keys that a query sees where the mask is not closed; default unknown to the CPU. */
  count?(mask: Values<P>, query: number, keys: number, head: number): number;
  /** Throws `ShapeError` for invalid combinations of parameters; each is also checked by its type. */
  check?(mask: Values<P>): void;
  /** Fields of `mask_params`, where they are not just the numeric parameters. */
  params?(mask: Values<P>): Numbers;
  /** The file for these parameters, where another mask's is sufficient. */
  partFor?(mask: Values<P>): ShaderModule;
  /** True if heads see different keys without a tensor that has an axis of heads. */
  byHead?(mask: Values<P>): boolean;
  /** True if its notation means the mask joined with causal, as decoders use it. */
  readonly writtenCausal?: boolean;
  /** The mask that FlashAttention's benchmarks would count it as; absent if they have none like it. */
  readonly convention?: "full" | "causal";
}

/** The record of a mask, its types inferred. */
export const defineMask = <const Name extends string, const P extends Parameters>(
  record: MaskRecord<Name, P>,
): MaskRecord<Name, P> => record;

/** The function of a record's mask. Throws `ShapeError` for invalid parameters. */
export function recordMask(record: MaskRecord, mask: Values<Parameters>): MaskMod {
  const { name, parameters } = record;
  checkValues(`mask ${name}`, parameters, mask);
  record.check?.(mask);
  const params = record.params?.(mask) ?? numbersIn(parameters, mask);
  const closed = record.closed?.(mask) ?? false;
  const isCounted = record.count !== undefined && !closed; // all of the range, where it is closed
  return {
    part: record.partFor?.(mask) ?? record.part,
    uniforms: Object.keys(params).length > 0 ? { mask_params: params } : {},
    tensors: boundBy(parameters, mask),
    byHead: record.byHead?.(mask) ?? differsByHead(parameters, mask),
    closed,
    range: (first, last, keys) => clamped(record.range?.(mask, first, last) ?? everything, keys),
    count: isCounted ? (query, keys, head) => record.count?.(mask, query, keys, head) ?? 0 : undefined,
  };
}

const everything: KeyRange = [0, Number.POSITIVE_INFINITY];

/** The part of a range that is within the keys; empty ranges end where they begin. */
function clamped([first, end]: KeyRange, keys: number): KeyRange {
  const last = Math.max(0, Math.min(end, keys));
  return [Math.min(Math.max(first, 0), last), last];
}
