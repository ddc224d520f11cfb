import { type RopeLayout, rope } from "../../kernels/rope/rope.ts";
import { ropeTable } from "../../kernels/rope/table.ts";
import { dense } from "../../reference/dense.ts";
import { rope as reference } from "../../reference/rope.ts";
import { slice } from "../../tensor/views.ts";
import { type Case, type CaseInput, type CaseTable, withTags } from "../case-table.ts";
import { normal, randomSource } from "../random.ts";
import { type StepRow, stepOf } from "../step.ts";

type Inputs = "x" | "table" | "positions?";

interface Sizes {
  b?: number;
  t: number;
  h?: number;
  d: number;
  /** Number of rotated elements of a head; default all. */
  width?: number;
  positions?: number;
}

interface Options {
  readonly layout: RopeLayout;
  readonly start?: number;
  readonly inverse?: boolean;
  readonly rows?: readonly StepRow[];
  /** Heads before and after those that are rotated, as in a projection of queries, keys and values together. */
  readonly around?: number;
}

function both(
  name: string,
  { b = 1, t, h = 1, d, width = d, positions = 64 }: Sizes,
  options: Omit<Options, "layout"> = {},
  given?: CaseInput,
): Case<Inputs, Options>[] {
  const heads = h + 2 * (options.around ?? 0);
  return (["halves", "interleaved"] as const).map((layout) => ({
    name: `${layout}, ${name}`,
    inputs: {
      x: { shape: [b, t, heads, d], values: normal(b * t * heads * d, 1) },
      table: {
        shape: [positions, width / 2, 2],
        values: ropeTable({ theta: 10_000, width, positions, scaling: { kind: "none" } }),
      },
      ...(given ? { positions: given } : {}),
    },
    options: { ...options, layout },
  }));
}

const random = randomSource(7);

export const ropeCases: CaseTable<Inputs, "y", Options, "rope"> = {
  op: "rope",
  variants: ["rope"],
  reference: ({ x, table, positions }, { rows, around = 0, ...options }) => {
    const [b = 0, t = 0, heads = 0, d = 0] = x.shape;
    const inner = Array.from(x.values).filter((_, i) => {
      const head = Math.floor(i / d) % heads;
      return head >= around && head < heads - around;
    });
    const stepped =
      rows &&
      dense(
        [b, t],
        rows.flatMap(([position]) => Array.from({ length: t }, (_, i) => position + i)),
      );
    return reference(
      { x: dense([b, t, heads - 2 * around, d], inner), table, positions: positions ?? stepped },
      options,
    );
  },
  run: (gpu, { x, table, positions }, { rows, around = 0, ...options }) => {
    const inner = slice(x, 2, around, (x.shape[2] ?? 0) - around);
    return rope(gpu, { x: inner, table, positions, ...(rows ? { step: stepOf(gpu, rows) } : {}) }, options);
  },
  cases: [
    ...both("one pair", { t: 1, d: 2 }, { start: 3 }),
    ...both("several heads and rows, from 5 on", { b: 2, t: 7, h: 3, d: 32 }, { start: 5 }).map((item) =>
      withTags(item, "folds"),
    ),
    ...both("rotated back", { b: 2, t: 5, h: 3, d: 12, width: 8 }, { start: 2, inverse: true }),
    ...both("half of the head rotates", { b: 2, t: 5, h: 3, d: 20, width: 10 }, {}),
    ...both("odd head, narrow rotation", { t: 5, h: 3, d: 13, width: 4 }, {}),
    ...both("far positions", { t: 3, h: 2, d: 64, positions: 32_768 }, { start: 32_765 }),
    ...both(
      "given positions",
      { b: 3, t: 11, h: 2, d: 16 },
      {},
      {
        shape: [3, 11],
        values: Array.from({ length: 33 }, () => random.integer(64)),
        dtype: "u32",
      },
    ),
    ...both(
      "positions of the step",
      { b: 3, t: 4, h: 2, d: 16 },
      {
        rows: [
          [0, 4],
          [59, 4],
          [17, 2],
        ],
      },
    ),
    ...both("heads out of a wider projection", { b: 2, t: 5, h: 2, d: 8 }, { around: 3, start: 1 }),
  ],
};
