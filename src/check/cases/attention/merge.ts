import { mergeAttention } from "../../../kernels/attention/merge.ts";
import { mergeAttention as reference } from "../../../reference/attention/attention.ts";
import { transpose } from "../../../tensor/views.ts";
import type { Case, CaseTable } from "../../case-table.ts";
import { mergeAttention as emulation } from "../../emulation/attention.ts";
import { allowedUlps } from "../../gate.ts";
import type { Named } from "../../named.ts";
import { normal } from "../../random.ts";
import { inTokens, swapTokensAndHeads } from "./problem.ts";

type Inputs = "left" | "leftLse" | "right" | "rightLse";

interface Sizes {
  readonly b?: number;
  readonly h?: number;
  readonly t: number;
  readonly dv: number;
}

/** Log-sum-exps of the two sides of a row. */
type Pair = (row: number) => readonly [left: number, right: number];

const nothing = Number.NEGATIVE_INFINITY;
const near: Pair = (row) => [Math.sin(row) * 4, Math.cos(3 * row) * 4];

/** Two states whose out has the kernels' order `[b, t, h, dv]`; `lse` by row of `[b, h, t]`. */
function merge(name: string, { b = 1, h = 1, t, dv }: Sizes, lse: Pair = near, poison = false): Case<Inputs> {
  const rows = Array.from({ length: b * h * t }, (_, row) => lse(row));
  const side = (which: 0 | 1) => {
    // The out of a side that saw no keys is arbitrary.
    const values = normal(b * t * h * dv, 1 + which).map((value, i) => {
      const [batch, token, head] = [Math.floor(i / (t * h * dv)), Math.floor(i / (h * dv)) % t, Math.floor(i / dv) % h];
      return poison && rows[(batch * h + head) * t + token]?.[which] === nothing ? Number.NaN : value;
    });
    return [
      { shape: [b, t, h, dv], values },
      { shape: [b, h, t], values: rows.map((pair) => pair[which]) },
    ] as const;
  };
  const [[left, leftLse], [right, rightLse]] = [side(0), side(1)];
  return { name, inputs: { left, leftLse, right, rightLse } };
}

const states = <T>({ left, leftLse, right, rightLse }: Named<Inputs, T>, view: (out: T) => T) => ({
  left: { out: view(left), lse: leftLse },
  right: { out: view(right), lse: rightLse },
});

export const mergeCases: CaseTable<Inputs, "out" | "lse", object, "merge"> = {
  op: "mergeAttention",
  variants: ["merge"],
  reference: (inputs) => reference(states(inputs, swapTokensAndHeads)),
  run: (gpu, tensors, options) =>
    mergeAttention(
      gpu,
      states(tensors, (x) => transpose(x, [0, 2, 1, 3])),
      inTokens(options.into),
    ),
  gate: {
    emulation: (inputs) => emulation(states(inputs, swapTokensAndHeads)),
    allowed: () => allowedUlps.exp(0) / 2, // one of two weights, at most half of their sum
  },
  cases: [
    merge("one number", { t: 1, dv: 1 }),
    merge("one row, one vector", { t: 1, dv: 4 }),
    merge("odd everything, one by one", { b: 2, h: 3, t: 7, dv: 5 }),
    merge("prime lengths, several workgroups", { b: 3, h: 5, t: 31, dv: 20 }),
    merge("equal sides", { h: 2, t: 5, dv: 8 }, (row) => [row - 3, row - 3]),
    merge("sides far apart, either way", { h: 2, t: 20, dv: 8 }, (row) => [row * 9 - 90, 90 - row * 9]),
    merge("sums that would overflow f32", { h: 2, t: 6, dv: 8 }, (row) => [500 + row, 503 - row]),
    merge(
      "one side, the other or both saw no keys, and hold NaN",
      { b: 2, h: 3, t: 8, dv: 12 },
      (row) => [row % 3 === 0 ? nothing : row / 5, row % 4 < 2 ? nothing : -row / 5],
      true,
    ),
    merge("70,000 rows", { h: 7, t: 10_000, dv: 1 }),
  ],
};
