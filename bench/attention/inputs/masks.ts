import { isByHead, maskRecords } from "../../../src/check/attention-records.ts";
import { uploaded } from "../../../src/check/named.ts";
import type { AttentionMask, Gpu } from "../../../src/index.ts";
import type { Mask } from "../../../src/reference/attention/masks.ts";
import { type MaskDescription, maskOf } from "../../../src/reference/described.ts";
import { describeWritten, formOf, type ModShape, pairBytes, parseWritten, usualText } from "../spelling.ts";
import { elementsIn } from "./elements.ts";

/** A mask as named on the command line, with its definition for the reference. */
export interface BenchMask {
  readonly text: string;
  /** The kernels' argument; masks with tensors make them here. */
  readonly make: (gpu: Gpu, shape: ModShape) => AttentionMask;
  readonly reference: (shape: ModShape) => Mask;
  readonly convention: Convention;
  /** True if heads may see different keys. */
  readonly byHead: boolean;
  /** Bytes of its tensors, which must be read. */
  readonly bytes: (shape: ModShape) => number;
  /** Bytes of those with an element for each pair of query and key. */
  readonly pairBytes: (shape: ModShape) => number;
}

/** How FlashAttention's benchmarks would count a mask; null if they have no equivalent. */
type Convention = "full" | "causal" | null;

/** The masks that `--masks` accepts: with numbers that suit some hundred keys, and what may follow the name. */
export const usualMasks = [...maskRecords.values()].map((record) => ({
  name: record.name,
  text: usualText(record),
  words: formOf(record).slice(record.name.length).replace(/^:/, ""),
}));

/** The forms that `--masks` accepts. */
export const maskForms = [...maskRecords.values()].map(formOf);

/** A mask by its description for each call. */
export function benchMask(
  text: string,
  describe: (shape: ModShape) => MaskDescription,
  more: Partial<Pick<BenchMask, "convention" | "pairBytes">> = {},
): BenchMask {
  return {
    text,
    make: (gpu, shape) => uploaded(gpu, describe(shape)),
    reference: (shape) => maskOf(describe(shape), shape.s - shape.t),
    byHead: isByHead(describe({ b: 1, h: 2, t: 1, s: 1 })),
    bytes: (shape) => 4 * elementsIn(describe(shape)),
    convention: null,
    pairBytes: () => 0,
    ...more,
  };
}

/**
 * Reads a mask, such as `causal` or `sliding-window:128`, or the union of several, joined by `+`; `own` are custom
 * masks by their texts. Throws a RangeError that lists the valid forms.
 */
export function parseMask(text: string, own: ReadonlyMap<string, MaskDescription> = new Map()): BenchMask {
  const parts = text.split("+").map((part) => {
    const mine = own.get(part);
    if (mine) return { text: part, convention: null, describe: () => mine, pairBytes: () => 0 };
    const written = parseWritten("mask", maskRecords, part, text);
    const { convention = null, writtenCausal = false } = written.record;
    return {
      text: written.text,
      convention,
      describe: (shape: ModShape): MaskDescription => {
        const mask = describeWritten<MaskDescription>(written, shape);
        return writtenCausal ? { and: [mask, "causal"] } : mask;
      },
      pairBytes: (shape: ModShape) => pairBytes(written, shape),
    };
  });
  const describe = (shape: ModShape): MaskDescription => {
    const all = parts.map((part) => part.describe(shape));
    return all.length === 1 ? (all[0] ?? "full") : { and: all };
  };
  return benchMask(parts.map((part) => part.text).join("+"), describe, {
    convention: parts.length === 1 ? (parts[0]?.convention ?? null) : null,
    pairBytes: (shape) => Math.max(...parts.map((part) => part.pairBytes(shape))),
  });
}
