import source from "#shaders/gemm/naive.wgsl";
import { rungOf } from "./variant.ts";

/** The definition: an output per thread, neighbouring threads in neighbouring rows. */
export const naive = rungOf({
  name: "gemm/naive",
  source,
  loads: "elements",
  work: ({ m, k, n }) => ({ products: m * k * n, a: m * k * n, b: m * k * n }),
});
