import part from "#shaders/attention/scores/signed-relative-bias.wgsl";
import { formatShape, ShapeError } from "../../../tensor/shape.ts";
import { count, tensorOf } from "../records/parameters.ts";
import { defineScore } from "../records/score-record.ts";
import { aroundZero, normals } from "../records/values.ts";

/**
 * `table[h, clamp(k − q, −reach, reach) + reach]` is added; `table` `[h, 2·reach + 1]`. Buckets of distances (Raffel et
 * al. 2019, section 2.1; MPNet) are such a table with equal entries: `distanceBuckets` makes one.
 */
export const signedRelativeBias = defineScore({
  name: "signed-relative-bias",
  part,
  parameters: {
    table: tensorOf("f32", "[h, offsets]", { reach: count(64, { max: 32_767 }) }, (call, { reach }) =>
      aroundZero([call.h, 2 * reach + 1], 14, call),
    ),
  },
  check: ({ table }) => {
    if ((table.shape[1] ?? 0) % 2 === 1) return;
    throw new ShapeError(
      `score signed-relative-bias: table is ${formatShape(table.shape)}, expected [h, 2·reach + 1]: one entry in the middle`,
    );
  },
  params: ({ table }) => ({ reach: ((table.shape[1] ?? 1) - 1) / 2 }),
  examples: (call) => ({ "signed relative bias": { table: normals([call.h, 2 * call.unit + 1], 9, call) } }),
});
