import part from "#shaders/attention/masks/sink-window.wgsl";
import { defineMask } from "../records/mask-record.ts";
import { count } from "../records/parameters.ts";
import { until } from "../records/values.ts";

/** A causal window and the first `sinks` keys (StreamingLLM, Xiao et al. 2023, section 3.2). */
export const sinkWindow = defineMask({
  name: "sink-window",
  part,
  parameters: { sinks: count(4, { min: 0 }), keys: count(128) },
  convention: "causal",
  range: ({ sinks, keys }, first, last) => [sinks > 0 ? 0 : first - keys + 1, last + 1],
  count: ({ sinks, keys }, query, length) => {
    const end = until(query, length);
    const begin = Math.min(Math.max(0, query - keys + 1), end);
    return end - begin + Math.min(sinks, begin);
  },
  examples: ({ unit }) => ({
    "sink window": { sinks: 2, keys: unit + 1 },
    "sink window without sinks": { sinks: 0, keys: unit + 1 },
  }),
});
