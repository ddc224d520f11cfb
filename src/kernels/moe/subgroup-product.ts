import source from "#shaders/moe/subgroups.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { groupedProduct } from "./grouped-product.ts";

const columns = 4; // of a thread
const block = 8;

const sizeOf = (gpu: Gpu) => gpu.adapter.subgroupSize ?? 1;

/** In the registers of subgroups, over a grid that the GPU has sized. */
export const subgroupProduct = groupedProduct(
  { name: "moe/subgroups", source },
  { block, columns: (gpu) => columns * sizeOf(gpu), shared: (gpu) => [block, columns * sizeOf(gpu)] },
  ({ gpu }) => ({ SUBGROUP: sizeOf(gpu), BLOCK: block, COLUMNS: columns }),
  "indirect",
);
