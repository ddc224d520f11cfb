// Rotary position embedding of one sequence, a pair or four pairs a thread.
import rotate from "#shaders/rope/rotate.wgsl";
import rotateVectors from "#shaders/rope/rotate-vectors.wgsl";
import { dense } from "../../reference/dense.ts";
import { rope } from "../../reference/rope.ts";
import { type Dispatch, floats } from "../dispatch.ts";
import { type Reference, type Size, type StudyKernel, shaped, type ValueOf } from "../kernel.ts";

type Name = "tokens" | "heads" | "width" | "pairs";
type Sizes = Readonly<Record<Name, number>>;

/** Sizes, of which widths are multiples of the elements that a thread loads. */
const sizesOf = (multipleOf: number): Readonly<Record<Name, Size>> => ({
  tokens: { meaning: "tokens", usual: 6 },
  heads: { meaning: "heads of a token", usual: 3, most: 64 },
  width: { meaning: "elements of a head", usual: 64, most: 1024, multipleOf },
  pairs: { meaning: "pairs that are rotated", usual: 32, most: 512, multipleOf },
});

/** The position of the first token. */
const start = 1;

/** A dispatch whose threads have `width` pairs each. */
const dispatchOf =
  (each: number) =>
  ({ tokens: t, heads: h, width: d, pairs }: Sizes, value: ValueOf): Dispatch => {
    const size = (t * h * (d - pairs)) / each;
    const inVectors = { d: d / each, pairs: pairs / each, x_batch: (t * h * d) / each, x_token: (h * d) / each };
    return {
      uniforms: { params: { size, t, h, start, ...inVectors, x_head: d / each } },
      inputs: { x: floats(t * h * d), table: floats((start + t + 1) * pairs * 2) },
      outputs: { y: t * h * d },
      workgroups: [Math.ceil(size / value("WORKGROUP")), 1, 1],
    };
  };

const reference: Reference<Name> = {
  name: "rope",
  results: ({ x, table }, { tokens: t, heads: h, width: d, pairs }) => {
    const y = rope(
      { x: dense([1, t, h, d], x), table: dense([start + t + 1, pairs, 2], table) },
      { layout: "halves", start },
    );
    return y;
  },
};

const row = {
  reference,
  refuses: ({ width, pairs }: Sizes) =>
    2 * pairs > width ? `${pairs} pairs are more than heads of ${width} elements have` : undefined,
  cost: { requestedBytes: "4 * tokens * heads * (2 * width + 2 * pairs)", operations: "6 * tokens * heads * pairs" },
} as const;

/** The kernels, each with a dispatch. */
export const kernels: readonly StudyKernel[] = [
  shaped(rotate, {
    ...row,
    sizes: sizesOf(1),
    small: { sizes: { tokens: 2, heads: 2, width: 7, pairs: 2 }, constants: { WORKGROUP: 4 } },
    dispatch: dispatchOf(1),
  }),
  shaped(rotateVectors, {
    ...row,
    sizes: sizesOf(4),
    small: { sizes: { tokens: 2, heads: 2, width: 12, pairs: 4 }, constants: { WORKGROUP: 4 } },
    dispatch: dispatchOf(4),
  }),
];
