import source from "#shaders/gemm/coalesced.wgsl";
import { rungOf } from "./variant.ts";

/** The same with neighbouring threads in neighbouring columns, so that their loads of b are neighbours in A·B. */
export const coalesced = rungOf({
  name: "gemm/coalesced",
  source,
  loads: "elements",
  work: ({ m, k, n }) => ({ products: m * k * n, a: m * k * n, b: m * k * n }),
});
