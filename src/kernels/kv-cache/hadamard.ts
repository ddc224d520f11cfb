import source from "#shaders/kv-cache/hadamard.wgsl";
import { withOptions } from "../define/arguments.ts";
import { defineKernel } from "../define/kernel.ts";

/** Elements of a block of rows of `d`: the largest power of two that divides d, at most 1,024. */
const blockOf = (d: number): number => Math.min(d & -d || 1, 1024);

/**
 * Rotates the last axis of x `[b, t, h, d]`, a view of any strides, by a Hadamard matrix, in blocks of n elements, the
 * largest power of two that divides d (at most 1,024): `y[i] = Σ x[j] · (−1)^(ones of i & j) / √n`, with i and j within
 * the block. The matrix is orthogonal and its own inverse, so that rotated queries and keys have the same products, and
 * rotating twice gives x. A cache of integers loses less where an element that is far from 0 is spread over its block
 * (QuaRot, Ashkboos et al. 2024, section 4). Where d is odd, y is x.
 */
export const hadamard = /* @__PURE__ */ withOptions(
  /* @__PURE__ */ defineKernel({
    name: "kv-cache/hadamard",
    source,
    inputs: { x: "[b, t, h, d]" },
    outputs: { y: "[b, t, h, d]" },
    strided: ["x"],
    params: ({ b, t, h, d }, _options, { strides, offsets }) => {
      const [batch = 0, token = 0, head = 0, element = 0] = strides["x"] ?? [];
      const x = { x_first: offsets["x"] ?? 0, x_batch: batch, x_token: token, x_head: head, x_element: element };
      return { size: b * t * h * d, t, h, d, ...x };
    },
    specialise: ({ d }) => ({ constants: { BLOCK: blockOf(d) } }),
    workgroups: ({ b, t, h, d }, _options, _context, { declarations }) => {
      const [threads] = declarations.workgroupSize;
      return [Math.ceil((b * t * h * d) / Math.max(2 * blockOf(d), 4 * threads))]; // a tile each
    },
    cost: ({ b, t, h, d }) => ({
      flops: b * t * h * d * (Math.log2(blockOf(d)) + 1),
      requestedBytes: 8 * b * t * h * d,
    }),
  }),
  {},
);
