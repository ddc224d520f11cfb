import type { KvCache } from "../../blocks/kv-cache/cache.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { copyCacheRows } from "../../kernels/kv-cache/copy-rows.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { reshape } from "../../tensor/views.ts";

/**
 * Records that rows of a cache become those of their parents (see `BeamStep`), at the positions before the step's, of which
 * there are at most `positions`. `parents` is u32 `[rows]`, `step` u32 `[64, 4]`.
 */
export function reorderCache(
  gpu: Gpu,
  cache: KvCache,
  { parents, step }: { readonly parents: Tensor; readonly step: Tensor },
  positions: number,
): void {
  for (const { keys, values, kScale, vScale, layout } of cache) {
    for (const part of [keys, values, kScale, vScale]) {
      if (!part) continue;
      const cache = reshape(part, [...part.shape.slice(0, 3), -1]); // scales may be one a position
      copyCacheRows(gpu, { cache, parents, step }, { positions, layout });
    }
  }
}
