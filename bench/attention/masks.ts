import { randomSource } from "../../src/check/random.ts";
import type { AttentionMask, Gpu } from "../../src/index.ts";
import { type Dense, dense } from "../../src/reference/dense.ts";
import { type MaskDescription, maskOf } from "../../src/reference/described.ts";
import type { Mask } from "../../src/reference/masks.ts";
import { parseLength } from "./batch.ts";
import { elementsIn, uploaded } from "./uploaded.ts";

/** The call that a mask is for: so many sequences, queries and keys; its queries stand at the last of the keys. */
export interface MaskShape {
  readonly b: number;
  readonly t: number;
  readonly s: number;
}

/** A mask as it is named on the command line, with its twin for the reference. It is alike in all heads. */
export interface BenchMask {
  readonly text: string;
  /** What the kernels are given; masks with tensors make them here. */
  readonly make: (gpu: Gpu, shape: MaskShape) => AttentionMask;
  readonly reference: (shape: MaskShape) => Mask;
  readonly convention: Convention;
  /** Bytes of its tensors, which have to be read; none where left out. */
  readonly bytes?: (shape: MaskShape) => number;
}

/** What FlashAttention's benchmarks would take a mask for; null where they have nothing like it. */
type Convention = "full" | "causal" | null;

/** How a kind of mask is written, and what it says with the numbers behind its name. */
interface MaskKind {
  /** Names of its numbers, and the least that each may be where that is not 1. */
  readonly parameters: readonly string[];
  readonly least?: readonly number[];
  readonly convention: Convention;
  readonly describe: (shape: MaskShape, ...numbers: number[]) => MaskDescription;
}

const causally = (mask: MaskDescription): MaskDescription => ({ and: [mask, "causal"] });

const filled = (shape: readonly number[], value: (i: number) => number): Dense =>
  dense(
    shape,
    Array.from({ length: shape.reduce((product, axis) => product * axis, 1) }, (_, i) => value(i)),
  );

/** 1 in about so many of a hundred places, the same in every run. */
function sparse(shape: readonly number[], percent: number): Dense {
  const { uniform } = randomSource(percent);
  return filled(shape, () => (uniform() * 100 < percent ? 1 : 0));
}

/** The masks that `--masks` takes, with their numbers behind colons. To add one, add a row. */
export const maskKinds: Readonly<Record<string, MaskKind>> = {
  full: { parameters: [], convention: "full", describe: () => "full" },
  causal: { parameters: [], convention: "causal", describe: () => "causal" },
  "sliding-window": {
    parameters: ["keys"],
    convention: "causal",
    describe: (_, keys = 1) => ({ kind: "sliding-window", keys }),
  },
  local: {
    parameters: ["left", "right"],
    least: [0, 0],
    convention: null,
    describe: (_, left = 0, right = 0) => ({ kind: "local", left, right }),
  },
  "sink-window": {
    parameters: ["sinks", "keys"],
    least: [0, 1],
    convention: "causal",
    describe: (_, sinks = 0, keys = 1) => ({ kind: "sink-window", sinks, keys }),
  },
  prefix: { parameters: ["keys"], convention: null, describe: (_, keys = 1) => ({ kind: "prefix", keys }) },
  chunked: { parameters: ["keys"], convention: "causal", describe: (_, keys = 1) => ({ kind: "chunked", keys }) },
  "dilated-window": {
    parameters: ["keys", "dilation"],
    convention: null,
    describe: (_, keys = 1, dilation = 1) => ({ kind: "dilated-window", keys, dilation }),
  },
  strided: { parameters: ["stride"], convention: null, describe: (_, stride = 1) => ({ kind: "strided", stride }) },
  fixed: {
    parameters: ["stride", "summary"],
    convention: null,
    describe: (_, stride = 1, summary = 1) => ({ kind: "fixed", stride, summary }),
  },
  // Documents of one length, packed.
  document: {
    parameters: ["tokens"],
    convention: null,
    describe: ({ b, s }, tokens = 1) =>
      causally({ kind: "document", documents: filled([b, s], (i) => Math.floor((i % s) / tokens)) }),
  },
  // One prompt, and answers of one length behind it.
  "shared-prefix": {
    parameters: ["prefix", "tokens"],
    convention: null,
    describe: ({ b, s }, prefix = 1, tokens = 1) => {
      const branch = (i: number) => Math.max(0, Math.floor(((i % s) - prefix) / tokens) + 1);
      return causally({ kind: "shared-prefix", prefix, branches: filled([b, s], branch) });
    },
  },
  // Blocks of which so many in a hundred are there, by chance.
  "block-sparse": {
    parameters: ["size", "percent"],
    convention: null,
    describe: ({ s }, size = 1, percent = 1) => {
      const blocks = Math.ceil(s / size);
      return { kind: "block-sparse", size, map: sparse([1, 1, blocks, blocks], percent) };
    },
  },
  // Padding on the left: so many keys in the first sequence, twice as many in the second, …
  "key-padding": {
    parameters: ["keys"],
    convention: null,
    describe: ({ b, s }, keys = 1) =>
      causally({
        kind: "key-padding",
        ranges: filled([b, 2], (i) => (i % 2 === 1 ? s : Math.min(s - 1, (i / 2 + 1) * keys))),
      }),
  },
  boolean: {
    parameters: ["percent"],
    convention: null,
    describe: ({ t, s }, percent = 1) => ({ kind: "boolean", keep: sparse([1, 1, t, s], percent) }),
  },
};

/** The forms that `--masks` takes. */
export const maskForms = Object.entries(maskKinds).map(([name, { parameters }]) => [name, ...parameters].join(":"));

/**
 * Reads a mask, such as `causal` or `sliding-window:128`, or what several of them show together, joined by `+`. Throws a
 * RangeError that lists what there is.
 */
export function parseMask(text: string): BenchMask {
  const parts = text.split("+").map((part) => parsePart(part, text));
  const describe = (shape: MaskShape): MaskDescription => {
    const all = parts.map((part) => part.describe(shape));
    return all.length === 1 ? (all[0] ?? "full") : { and: all };
  };
  return {
    text: parts.map((part) => part.text).join("+"),
    make: (gpu, shape) => uploaded<AttentionMask>(gpu, describe(shape), "u32"),
    reference: (shape) => maskOf(describe(shape), shape.s - shape.t),
    bytes: (shape) => 4 * elementsIn(describe(shape)),
    convention: parts.length === 1 ? (parts[0]?.convention ?? null) : null,
  };
}

function parsePart(part: string, text: string) {
  const [name = "", ...numbers] = part.split(":");
  const kind = Object.hasOwn(maskKinds, name) ? maskKinds[name] : undefined;
  if (!kind) throw new RangeError(`there is no mask "${name}"; there are ${maskForms.join(", ")}`);
  if (numbers.length !== kind.parameters.length) {
    throw new RangeError(`mask is "${text}", expected "${[name, ...kind.parameters].join(":")}"`);
  }
  const values = numbers.map((number, i) =>
    parseLength(number, `mask "${text}": ${kind.parameters[i]}`, kind.least?.[i]),
  );
  return {
    text: [name, ...values].join(":"),
    convention: kind.convention,
    describe: (shape: MaskShape) => kind.describe(shape, ...values),
  };
}
