import source from "#shaders/moe/subgroups.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { constantsOf } from "../../gpu/specialise.ts";
import { groupedProduct } from "./grouped-product.ts";

const tile = constantsOf(source, "BLOCK", "COLUMNS");

const sizeOf = (gpu: Gpu) => gpu.adapter.subgroupSize ?? 1;
const columns = (gpu: Gpu) => tile.COLUMNS * sizeOf(gpu);

/** In the registers of subgroups, over a grid sized by the GPU. */
export const subgroupProduct = groupedProduct(
  { name: "moe/subgroups", source },
  { block: tile.BLOCK, columns, shared: (gpu) => [tile.BLOCK, columns(gpu)] },
  "indirect",
  (gpu) => ({ SUBGROUP: sizeOf(gpu) }),
);
