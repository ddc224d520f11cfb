import type { ShaderModule } from "../../../gpu/shader-module.ts";
import type { KeyRange, MaskMod } from "../mod.ts";
import type { ExampleCall, Filled, Numbers, Parameters, Values } from "./parameters.ts";
import { broughtBy, checkValues, differsByHead, numbersIn } from "./values.ts";

/**
 * All there is to know of a mask beside its WGSL and its definition in float64, which is a row of
 * `src/reference/masks.ts`. Types, checks, the command line, pages, tests and docs follow from it.
 */
export interface MaskRecord<Name extends string = string, P extends Parameters = Parameters> {
  readonly name: Name;
  /** Its file, of `shaders/attention/masks`. */
  readonly part: ShaderModule;
  /** In the order in which they are written. */
  readonly parameters: P;
  /** Values that tests take, by name; the gallery draws the first. */
  examples(call: ExampleCall): Readonly<Record<string, Values<P, Filled>>>;
  /** The keys that queries `first` to `last` may see, if there were any number of them; all where left out. */
  range?(mask: Values<P>, first: number, last: number): KeyRange;
  /** True if the keys of a query are all those of its range; false where left out. */
  closed?(mask: Values<P>): boolean;
  /** Keys that a query sees where the mask is not closed; where left out, only the GPU can say. */
  count?(mask: Values<P>, query: number, keys: number, head: number): number;
  /** Throws `ShapeError` for parameters that make no sense together; each alone is checked by what it is. */
  check?(mask: Values<P>): void;
  /** Fields of `mask_params` where they are others than the numbers among the parameters. */
  params?(mask: Values<P>): Numbers;
  /** The file for these parameters, where another mask's says it all. */
  partFor?(mask: Values<P>): ShaderModule;
  /** True if heads see different keys for another reason than a tensor of theirs. */
  byHead?(mask: Values<P>): boolean;
  /** True if its text means it and causal, as decoders use it. */
  readonly writtenCausal?: boolean;
  /** What FlashAttention's benchmarks would take it for; left out where they have nothing like it. */
  readonly convention?: "full" | "causal";
}

/** The record of a mask, its types inferred. */
export const defineMask = <const Name extends string, const P extends Parameters>(
  record: MaskRecord<Name, P>,
): MaskRecord<Name, P> => record;

/** The function of a mask of a record. Throws `ShapeError` for parameters that make no sense. */
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
    tensors: broughtBy(parameters, mask),
    byHead: record.byHead?.(mask) ?? differsByHead(parameters, mask),
    closed,
    range: (first, last, keys) => clamped(record.range?.(mask, first, last) ?? everything, keys),
    count: isCounted ? (query, keys, head) => record.count?.(mask, query, keys, head) ?? 0 : undefined,
  };
}

const everything: KeyRange = [0, Number.POSITIVE_INFINITY];

/** The part of a range that lies in the keys there are; empty ones end where they begin. */
function clamped([first, end]: KeyRange, keys: number): KeyRange {
  const last = Math.max(0, Math.min(end, keys));
  return [Math.min(Math.max(first, 0), last), last];
}
