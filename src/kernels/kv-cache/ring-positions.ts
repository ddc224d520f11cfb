import source from "#shaders/kv-cache/ring-positions.wgsl";
import extentStep from "#shaders/lib/extent/step.wgsl";
import { integer, required, size } from "../../options/checks.ts";
import { withOptions } from "../define/arguments.ts";
import { gridOf } from "../define/grid.ts";
import { defineKernel } from "../define/kernel.ts";

/** Options of ring positions. */
interface RingOptions {
  /** Batch rows, slots of each, and queries. */
  readonly b: number;
  readonly slots: number;
  readonly t: number;
  /** Number of slots that are never overwritten. */
  readonly sinks: number;
  /** Number of keys so far and position of the first query, where no step is given. */
  readonly length: number;
  readonly start: number;
}

/**
 * Positions within a ring cache: each slot's rank among the positions that are kept, keys u32 `[b, slots]`, and that of
 * each query, queries u32 `[b, t]` (StreamingLLM, Xiao et al. 2023, section 3.2). RoPE with these positions keeps them
 * small however long the text is.
 */
export const ringPositions = withOptions(
  defineKernel({
    name: "kv-cache/ring-positions",
    source,
    inputs: { "step?": "[64, 4]" },
    outputs: { keys: "[b, slots]", queries: "[b, t]" },
    accepts: { step: ["u32"] },
    dtypes: () => ({ keys: "u32", queries: "u32" }),
    axes: (_axes, { b, slots, t }: RingOptions) => ({ b, slots, t }),
    params: ({ b, slots, t }, { sinks, start, length }) => ({ b, t, h: 1, slots, sinks, start, length }),
    specialise: (_axes, _options, { dtypes }) => (dtypes["step"] ? { parts: [extentStep] } : {}),
    workgroups: ({ b, slots, t }, _options, _context, shader) => [...gridOf(slots + t, shader), b],
    cost: ({ b, slots, t }) => ({ flops: 0, requestedBytes: 4 * b * (slots + t) }),
  }),
  {
    b: required(size),
    slots: required(size),
    t: required(size),
    sinks: required(size),
    length: required(size),
    start: required(integer(-(2 ** 30), 2 ** 30)),
  },
);
