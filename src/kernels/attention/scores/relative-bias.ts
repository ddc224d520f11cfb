import part from "#shaders/attention/scores/relative-bias.wgsl";
import { count, tensorOf } from "../records/parameters.ts";
import { defineScore } from "../records/score-record.ts";
import { aroundZero, normals } from "../records/values.ts";

/** `table[h, min(|q − k|, distances − 1)]` is added; `table` `[h, distances]`. */
export const relativeBias = defineScore({
  name: "relative-bias",
  part,
  parameters: {
    table: tensorOf("f32", "[h, distances]", { distances: count(64, { max: 65536 }) }, (call, { distances }) =>
      aroundZero([call.h, distances], 11, call),
    ),
  },
  params: ({ table }) => ({ distances: table.shape[1] ?? 0 }),
  examples: (call) => ({ "relative bias": { table: normals([call.h, call.unit], 5, call) } }),
});
