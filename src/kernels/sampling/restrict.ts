import source from "#shaders/sampling/restrict.wgsl";
import { ShapeError } from "../../tensor/shape.ts";
import { withOptions } from "../define/arguments.ts";
import { defineKernel } from "../define/kernel.ts";

/** Words of a row of `restrict`'s bits for `v` tokens. */
export const wordsOf = (v: number): number => (v + 31) >> 5;

/**
 * Logits of the tokens that may come next; those of all others become −∞, which is never drawn. `logits` and `y` are
 * `[b, v]`, `allowed` `[b, ⌈v / 32⌉]` u32: bit `i % 32` of word `i / 32` is set where token i may come next (the form
 * of XGrammar, Dong et al. 2024). Throws `ShapeError` for another number of words.
 */
export const restrict = withOptions(
  defineKernel({
    name: "sampling/restrict",
    source,
    inputs: { logits: "[b, v]", allowed: "[b, words]" },
    outputs: { y: "[b, v]" },
    accepts: { allowed: ["u32"] },
    params: ({ b, v, words }) => ({ b, v, words }),
    threads: ({ b, v }) => b * v,
    cost: ({ b, v }) => ({ flops: 0, requestedBytes: 12 * b * v }),
    check: ({ v, words }) => {
      const expected = wordsOf(v);
      if (words !== expected) {
        throw new ShapeError(`sampling/restrict: ${words} words a row, expected ${expected} for ${v} tokens`);
      }
    },
  }),
  {},
);
