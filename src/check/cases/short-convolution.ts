import { shortConvolutionBackward } from "../../kernels/short-convolution/backward.ts";
import type { ShortConvolutionOptions } from "../../kernels/short-convolution/problem.ts";
import { shortConvolution } from "../../kernels/short-convolution/short-convolution.ts";
import * as reference from "../../reference/models/short-convolution.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { type Case, type CaseInput, type CaseTable, requirementsOf, variantsOf } from "../case-table.ts";
import { normal } from "../random.ts";

type Inputs = "x" | "weight" | "bias?" | "state?" | "documents?";
type Upstream = "dy" | "dstate";

interface Sizes {
  readonly b: number;
  readonly t: number;
  readonly channels: number;
  readonly width: number;
}

interface Given extends ShortConvolutionOptions {
  readonly bias?: boolean;
  readonly state?: boolean;
  /** Lengths of documents in each row, of which the last goes on to its end. */
  readonly documents?: readonly (readonly number[])[];
}

/** A short convolution of these sizes, with random inputs. */
export function shortConvolutionShape(
  name: string,
  { b, t, channels, width }: Sizes,
  { activation, bias = false, state = false, documents }: Given = {},
): Case<Inputs, ShortConvolutionOptions> {
  const random = (shape: readonly number[], seed: number): CaseInput => ({
    shape,
    values: normal(sizeOf(shape), seed),
  });
  const ids = documents?.flatMap((lengths) => {
    const starts = lengths.map((_, i) => lengths.slice(0, i + 1).reduce((sum, length) => sum + length, 0));
    return Array.from({ length: t }, (_, token) => 7 + starts.filter((start) => start <= token).length);
  });
  return {
    name: `${name}: ${b} × ${t} × ${channels}, width ${width}`,
    inputs: {
      x: random([b, t, channels], 1),
      weight: random([channels, width], 2),
      ...(bias ? { bias: random([channels], 3) } : {}),
      ...(state ? { state: random([b, width - 1, channels], 4) } : {}),
      ...(ids ? { documents: { shape: [b, t], values: ids, dtype: "u32" } } : {}),
    },
    options: activation ? { activation } : {},
  };
}

const both = { bias: true, state: true } as const;

const cases = [
  shortConvolutionShape("one of everything", { b: 1, t: 1, channels: 1, width: 1 }),
  shortConvolutionShape("a delta rule's", { b: 2, t: 24, channels: 12, width: 4 }, { activation: "silu" }),
  shortConvolutionShape("a state space's", { b: 2, t: 17, channels: 7, width: 4 }, { activation: "silu", ...both }),
  shortConvolutionShape("LFM2's", { b: 3, t: 35, channels: 5, width: 3 }, { activation: "none" }),
  shortConvolutionShape("one token", { b: 3, t: 1, channels: 68, width: 4 }, { activation: "silu", ...both }),
  shortConvolutionShape("fewer tokens than the state has", { b: 2, t: 2, channels: 5, width: 8 }, both),
  shortConvolutionShape("no tokens", { b: 2, t: 0, channels: 5, width: 4 }, both),
  shortConvolutionShape("no rows", { b: 0, t: 3, channels: 5, width: 4 }),
  shortConvolutionShape("width 1", { b: 2, t: 33, channels: 3, width: 1 }, { bias: true, activation: "silu" }),
  shortConvolutionShape("width 2", { b: 1, t: 16, channels: 130, width: 2 }, both),
  shortConvolutionShape("width 8, several spans", { b: 2, t: 67, channels: 3, width: 8 }, both),
  shortConvolutionShape(
    "documents",
    { b: 3, t: 37, channels: 5, width: 4 },
    { ...both, activation: "silu", documents: [[1, 1, 1, 13, 2], [36], [16, 16]] },
  ),
  shortConvolutionShape(
    "documents, of which the last is short",
    { b: 2, t: 9, channels: 3, width: 8 },
    { ...both, documents: [[5, 3], [2]] },
  ),
  shortConvolutionShape(
    "documents, fewer tokens than the state has",
    { b: 3, t: 2, channels: 3, width: 6 },
    { state: true, documents: [[1], [2], [2]] },
  ),
];

/** Short convolutions. */
export const shortConvolutionCases: CaseTable<
  Inputs,
  "y" | "state",
  ShortConvolutionOptions,
  keyof typeof shortConvolution.variants
> = {
  op: "shortConvolution",
  variants: variantsOf(shortConvolution),
  requires: (variant) => requirementsOf(shortConvolution, variant),
  reference: reference.shortConvolution,
  run: (gpu, tensors, { into: _, ...options }, variant) => shortConvolution(gpu, tensors, { ...options, variant }),
  canaries: false,
  cases,
};

/** The same with gradients of its results. */
export function withUpstream({
  inputs,
  ...item
}: Case<Inputs, ShortConvolutionOptions>): Case<Inputs | Upstream, ShortConvolutionOptions> {
  const [b = 0, t = 0, channels = 0] = inputs.x.shape;
  const random = (shape: readonly number[], seed: number) => ({ shape, values: normal(sizeOf(shape), seed) });
  const held = (inputs.weight.shape[1] ?? 1) - 1;
  return { ...item, inputs: { ...inputs, dy: random([b, t, channels], 5), dstate: random([b, held, channels], 6) } };
}

/** Their gradients. */
export const shortConvolutionBackwardCases: CaseTable<
  Inputs | Upstream,
  "dx" | "dweight" | "dbias?" | "dstate?",
  ShortConvolutionOptions,
  "shortConvolutionBackward"
> = {
  op: "shortConvolutionBackward",
  variants: ["shortConvolutionBackward"],
  reference: reference.shortConvolutionBackward,
  run: (gpu, tensors, { into: _, ...options }) => {
    const found = shortConvolutionBackward(gpu, tensors, options);
    return found as Required<typeof found>;
  },
  canaries: false,
  cases: [
    ...cases,
    shortConvolutionShape("sums over many tokens", { b: 2, t: 2100, channels: 3, width: 4 }, { bias: true }),
  ].map(withUpstream),
};
