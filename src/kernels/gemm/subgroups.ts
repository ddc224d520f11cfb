import source from "#shaders/gemm/subgroups.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { constantsOf, type Shader } from "../../gpu/shader/specialise.ts";
import type { GemmOptions, GemmTensors } from "./problem.ts";
import { rungOf } from "./variant.ts";

/**
 * Rows of a workgroup, and the m · k · n from which on it has the larger number. On llvmpipe (Mesa 25) 64 take 0.7 of
 * the time of 16, for 2048 × 768 × 256, as do 128; but their shader takes 0.3 s longer to compile, more than small
 * products save.
 */
const [fewRows, manyRows, enoughProducts] = [16, 64, 2 ** 23];

type Axes = Readonly<Record<"m" | "k" | "n", number>>;

const rowsOf = ({ m, k, n }: Axes) => (m >= manyRows && m * k * n >= enoughProducts ? manyRows : fewRows);

const tile = (shader: Shader) => {
  const { SUBGROUP, ROWS } = constantsOf(shader, "SUBGROUP", "ROWS");
  return { rows: ROWS, columns: 4 * SUBGROUP };
};

/** Register tiles of a whole subgroup, whose threads share a by shuffles. */
export const subgroups = {
  requires: ["subgroups"],
  accepts: (_tensors: GemmTensors, _options: GemmOptions, { adapter }: Gpu): string | undefined =>
    adapter.subgroupSize === undefined ? "this device's subgroups have no fixed size" : undefined,
  ...rungOf({
    name: "gemm/subgroups",
    source,
    loads: "quads",
    constants: (axes, { gpu }) => ({ SUBGROUP: gpu.adapter.subgroupSize ?? 0, ROW_QUADS: rowsOf(axes) / 4 }),
    tile,
    work: ({ m, k, n }, shader) => {
      const { rows, columns } = tile(shader);
      const [down, across] = [Math.ceil(m / rows), Math.ceil(n / columns)];
      return {
        products: down * rows * across * columns * 4 * Math.ceil(k / 4),
        a: 4 * Math.ceil(m / 4) * across * k,
        b: columns * across * down * k,
      };
    },
  }),
};
