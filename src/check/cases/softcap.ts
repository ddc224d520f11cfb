import { softcap } from "../../kernels/elementwise/softcap.ts";
import { softcap as reference } from "../../reference/activation.ts";
import type { CaseTable } from "../case-table.ts";
import { nmseCaps } from "../compare.ts";
import { normal } from "../random.ts";

export const softcapCases: CaseTable<"x", "y", { cap: number }, "softcap"> = {
  op: "softcap",
  variants: ["softcap"],
  reference,
  run: softcap,
  cap: nmseCaps.f32,
  cases: [
    { name: "one element", inputs: { x: { shape: [1], values: [0.7] } }, options: { cap: 30 } },
    {
      name: "ragged: 3 × 127",
      inputs: { x: { shape: [3, 127], values: normal(3 * 127, 1, 20) } },
      options: { cap: 30 },
    },
    { name: "far below the cap", inputs: { x: { shape: [200], values: normal(200, 2) } }, options: { cap: 1000 } },
    {
      name: "a quarter of the cap and less",
      inputs: { x: { shape: [257], values: Array.from({ length: 257 }, (_, i) => (i - 128) / 512) } },
      options: { cap: 1 },
    },
    {
      name: "large values: what tanh is made of would overflow",
      inputs: { x: { shape: [10], values: [1e30, -1e30, 3e38, -3e38, 1e5, -1e5, 200, -200, 90, -90] } },
      options: { cap: 1.5 },
    },
    {
      name: "NaN and infinities stay",
      inputs: { x: { shape: [4], values: [1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY] } },
      options: { cap: 2 },
    },
    {
      name: "70,001 elements: the grid folds, with a workgroup to spare",
      inputs: { x: { shape: [70_001], values: normal(70_001, 3, 2) } },
      options: { cap: 2 },
    },
  ],
};
