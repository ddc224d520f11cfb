import part from "#shaders/attention/masks/boolean.wgsl";
import { defineMask } from "../records/mask-record.ts";
import { count, tensorOf } from "../records/parameters.ts";
import { flags, percentOf, strides } from "../records/values.ts";

/** Where `keep` u32 `[b or 1, h or 1, t, s]` is not 0; its rows are the call's queries, regardless of position. */
export const boolean = defineMask({
  name: "boolean",
  part,
  parameters: {
    keep: tensorOf("u32", "[b or 1, h or 1, t, s]", { percent: count(64) }, (call, { percent }) =>
      percentOf([1, 1, call.t, call.s], percent, call),
    ),
  },
  params: ({ keep }) => ({ ...strides(keep), s: keep.shape[3] ?? 0 }),
  examples: (call) => ({
    "boolean, one for all": { keep: flags([1, 1, call.t, call.s], 3, call) },
    "boolean, one for each": { keep: flags([call.b, call.h, call.t, call.s], 4, call) },
  }),
});
