import { dropout } from "../../kernels/elementwise/dropout.ts";
import { dropout as reference, threefry2x32 } from "../../reference/dropout.ts";
import { type Case, type CaseTable, variantsOf, withTags } from "../case-table.ts";
import { normal } from "../random.ts";

interface Options {
  readonly rate: number;
  readonly site: number;
}

type One = Case<"x" | "key", Options>;

const shape = (name: string, of: readonly number[], options: Options, key = [7, 3]): One => {
  const size = of.reduce((product, length) => product * length, 1);
  return {
    name,
    inputs: { x: { shape: of, values: normal(size, 1) }, key: { shape: [2], values: key, dtype: "u32" } },
    options,
    ...(size % 4 === 0 ? {} : { refusedBy: ["vectors"] }),
  };
};

/** The rate whose threshold is the word of the first element, which is kept. */
const rateOfFirst = (site: number) => (threefry2x32([7, 3], [0, 16 + site])[0] ?? 0) / 2 ** 32;

const cases: readonly One[] = [
  shape("a word that is the threshold", [8], { rate: rateOfFirst(3), site: 3 }),
  shape("a word that is the threshold, by pairs", [7], { rate: rateOfFirst(3), site: 3 }),
  shape("one element", [1], { rate: 0.5, site: 0 }),
  shape("an odd number of elements", [3, 127], { rate: 0.1, site: 5 }),
  shape("nothing is dropped", [40], { rate: 0, site: 1 }),
  shape("almost all is", [2000], { rate: 0.999, site: 2 }),
  shape("the largest seed and site", [64], { rate: 0.2, site: 2 ** 32 - 17 }, [2 ** 32 - 1, 2 ** 32 - 1]),
  shape("a vector", [4], { rate: 0.5, site: 0 }),
  withTags(shape("folds: 16 workgroups", [2001], { rate: 0.3, site: 1 }), "folds"),
  withTags(shape("folds: 16 workgroups of vectors", [4, 1000], { rate: 0.3, site: 1 }), "folds"),
  shape("70,001 elements", [70_001], { rate: 0.25, site: 9 }),
];

/** Which elements are dropped is exact; the others are off by the rounding of their factor. */
export const dropoutCases: CaseTable<"x" | "key", "y", Options, keyof typeof dropout.variants> = {
  op: "dropout",
  variants: variantsOf(dropout),
  cases,
  reference,
  run: (gpu, tensors, options, variant) => dropout(gpu, tensors, { ...options, variant }),
};
