import source from "#shaders/kv-cache/append.wgsl";
import { defineKernel } from "../kernel.ts";

/**
 * Writes the keys `[b, t, g, d]` and values `[b, t, g, dv]` of new tokens into a preallocated cache, `keys`
 * `[b, g, s, d]` and `values` `[b, g, s, dv]`, at positions from `start` on, or from each row's position in the step.
 * Positions past the capacity `s` are not written.
 */
export const appendKv = defineKernel({
  name: "kv-cache/append",
  source,
  inputs: { k: "[b, t, g, d]", v: "[b, t, g, dv]", "step?": "[64, 4]" },
  inout: { keys: "[b, g, s, d]", values: "[b, g, s, dv]" },
  accepts: { step: ["u32"] },
  specialise: (_axes, _options, { dtypes }) => ({
    parts: [dtypes["step"] ? "lib/position/step" : "lib/position/start"],
  }),
  params: ({ t, g, d, dv, s }, { start = 0 }: { readonly start?: number }) => ({ t, g, d, dv, s, start }),
  workgroups: ({ b, t, g, d, dv }) => [Math.ceil((g * Math.max(d, dv)) / 64), t, b],
  cost: ({ b, t, g, d, dv }) => ({
    flops: 0,
    compulsoryBytes: 8 * b * t * g * (d + dv),
    requestedBytes: 8 * b * t * g * (d + dv),
  }),
});
