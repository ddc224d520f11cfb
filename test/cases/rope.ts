import { rope } from "../../src/kernels/rope/rope.ts";
import { ropeTable } from "../../src/kernels/rope/table.ts";
import { rope as reference } from "../../src/reference/rope.ts";
import type { Case, CaseInput, CaseTable } from "../support/case-table.ts";
import { normal } from "../support/random.ts";

type Layout = "halves" | "interleaved";

function rotated(
  name: string,
  layout: Layout,
  [b, t, h, d]: readonly [number, number, number, number],
  width: number,
  rest: { readonly start?: number; readonly positions?: readonly number[] } = {},
): Case {
  const table = ropeTable({ theta: 10000, width, scaling: { kind: "none" }, positions: 300 });
  const positions: CaseInput | undefined = rest.positions && { shape: [b, t], values: rest.positions, dtype: "u32" };
  return {
    name: `${layout}: ${name}`,
    inputs: {
      x: { shape: [b, t, h, d], values: normal(b * t * h * d, 4) },
      table: { shape: [300, width / 2, 2], values: table },
      ...(positions ? { positions } : {}),
    },
    options: { layout, ...(rest.start === undefined ? {} : { start: rest.start }) },
  };
}

const shapes = (layout: Layout): Case[] => [
  rotated("one pair", layout, [1, 1, 1, 2], 2),
  rotated("whole heads of 32", layout, [1, 7, 8, 32], 32),
  rotated("heads of 80, two batch rows", layout, [2, 5, 3, 80], 80, { start: 11 }),
  rotated("a part of each head", layout, [2, 3, 5, 64], 24, { start: 100 }),
  rotated("odd head width", layout, [1, 3, 2, 13], 6),
  rotated("given positions, out of order", layout, [2, 4, 2, 16], 16, { positions: [9, 0, 299, 4, 1, 1, 250, 77] }),
];

export const ropeCases: CaseTable = {
  op: "rope",
  reference: (inputs, options) => ({ ...reference(inputs as never, options as never) }),
  variants: { rope: (gpu, tensors, options) => rope(gpu, tensors as never, options as never) },
  cases: [...shapes("halves"), ...shapes("interleaved")],
};
