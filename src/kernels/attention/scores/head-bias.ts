import part from "#shaders/attention/scores/head-bias.wgsl";
import { tensorOf } from "../records/parameters.ts";
import { defineScore } from "../records/score-record.ts";
import { aroundZero, normals } from "../records/values.ts";

/**
 * `bias` `[h]` is added to all scores of a head: alone it changes no result, only the log-sum-exp and a sink's share.
 */
export const headBias = defineScore({
  name: "head-bias",
  part,
  parameters: { bias: tensorOf("f32", "[h]", {}, (call) => aroundZero([call.h], 13, call)) },
  examples: (call) => ({ "head bias": { bias: normals([call.h], 8, call) } }),
});
