import { hadamard } from "../../../kernels/kv-cache/hadamard.ts";
import { hadamard as reference } from "../../../reference/attention/hadamard.ts";
import { dense } from "../../../reference/dense.ts";
import { slice, transpose } from "../../../tensor/views.ts";
import { type Case, type CaseTable, withTags } from "../../case-table.ts";
import { normal } from "../../random.ts";

interface Options {
  /** Heads after those that are rotated, as in a projection of queries, keys and values together. */
  readonly surplus?: number;
  /** x is `[b, h, t, d]`, whose axes are exchanged, as attention's result is. */
  readonly heads?: boolean;
}

/** A rotation of random rows, of which one element in 37 is far from 0. */
const rows = (
  name: string,
  shape: readonly [number, number, number, number],
  options: Options = {},
): Case<"x", Options> => {
  const values = normal(
    shape.reduce((product, size) => product * size, 1),
    3,
  );
  return {
    name: `${name}: ${shape.join(" × ")}`,
    inputs: { x: { shape, values: values.map((value, i) => (i % 37 === 0 ? 20 * value : value)) } },
    options,
  };
};

export const hadamardCases: CaseTable<"x", "y", Options, "hadamard"> = {
  op: "hadamard",
  variants: ["hadamard"],
  reference: ({ x }, { surplus = 0, heads = false }) => {
    const [b = 0, second = 0, third = 0, d = 0] = x.shape;
    const [t, h] = heads ? [third, second] : [second, third - surplus];
    const y = dense([b, t, h, d]);
    for (let row = 0; row < b * t * h; row++) {
      const [at, token, head] = [Math.floor(row / (t * h)), Math.floor(row / h) % t, row % h];
      const from = (heads ? (at * second + head) * third + token : (at * second + token) * third + head) * d;
      y.values.set(x.values.slice(from, from + d), row * d);
    }
    return reference({ x: y });
  },
  run: (gpu, { x }, { surplus = 0, heads = false }) =>
    hadamard(gpu, { x: heads ? transpose(x, [0, 2, 1, 3]) : slice(x, 2, 0, (x.shape[2] ?? 0) - surplus) }),
  cases: [
    rows("one element", [1, 1, 1, 1]),
    rows("a pair", [1, 1, 1, 2]),
    rows("heads of 32", [2, 5, 3, 32]),
    rows("heads of 64", [2, 3, 3, 64]),
    withTags(rows("heads of 128", [1, 7, 4, 128]), "folds"),
    rows("two blocks of 32", [2, 3, 2, 96]),
    rows("a head wider than a tile", [1, 3, 2, 256]),
    rows("a head wider than the largest block", [1, 1, 2, 2048]),
    rows("an odd width, which stays", [2, 3, 2, 5]),
    rows("no tokens", [2, 0, 3, 32]),
    rows("heads out of a wider projection", [2, 5, 6, 32], { surplus: 4 }),
    rows("heads before tokens", [2, 3, 5, 64], { heads: true }),
  ],
};
