import part from "#shaders/attention/masks/block-sparse.wgsl";
import { defineMask } from "../records/mask-record.ts";
import { count, tensorOf } from "../records/parameters.ts";
import { flags, percentOf, strides } from "../records/values.ts";

/**
 * Blocks of `size` queries by `size` keys, where `map` u32 `[b or 1, h or 1, rows, columns]` is not 0, by absolute
 * positions; nothing outside of the map.
 */
export const blockSparse = defineMask({
  name: "block-sparse",
  part,
  parameters: {
    size: count(64),
    // Blocks of which this percentage is visible.
    map: tensorOf("u32", "[b or 1, h or 1, rows, columns]", { percent: count(64) }, (call, { percent, size = 1 }) => {
      const blocks = Math.ceil(call.s / size);
      return percentOf([1, 1, blocks, blocks], percent, call);
    }),
  },
  params: ({ map, size }) => ({ ...strides(map), rows: map.shape[2] ?? 0, columns: map.shape[3] ?? 0, size }),
  range: ({ map, size }) => [0, (map.shape[3] ?? 0) * size],
  examples: (call) => {
    const { b, h, s, unit } = call;
    const rows = (size: number) => Math.ceil(s / size) - 1; // fewer than exist: nothing is seen outside
    return {
      "block-sparse, one map": { map: flags([1, 1, rows(unit * 3), 3], 1, call), size: unit * 3 },
      "block-sparse, a map for each": { map: flags([b, h, 3, rows(unit)], 2, call), size: unit },
    };
  },
});
