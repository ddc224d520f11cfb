import part from "#shaders/attention/scores/bias.wgsl";
import { tensorOf } from "../records/parameters.ts";
import { defineScore } from "../records/score-record.ts";
import { aroundZero, normals, strides } from "../records/values.ts";

/**
 * `bias` `[b or 1, h or 1, t, s]` is added; its rows are the call's queries, regardless of position. A score of −10³⁸
 * or less hides its key, so that −∞ and the lowest f32 do: a row of nothing else gives zeros.
 */
export const bias = defineScore({
  name: "bias",
  part,
  parameters: {
    bias: tensorOf("f32", "[b or 1, h or 1, t, s]", {}, (call) => aroundZero([1, call.h, call.t, call.s], 12, call)),
  },
  params: ({ bias: tensor }) => ({ ...strides(tensor), s: tensor.shape[3] ?? 0 }),
  examples: (call) => ({
    "bias, one for all": { bias: normals([1, 1, call.t, call.s], 6, call) },
    "bias, one for each": { bias: normals([call.b, call.h, call.t, call.s], 7, call) },
  }),
});
