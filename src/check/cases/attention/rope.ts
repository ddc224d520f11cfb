import { type RopeLayout, rope } from "../../../kernels/rope/rope.ts";
import { ropeTable } from "../../../kernels/rope/table.ts";
import { dense } from "../../../reference/dense.ts";
import { rope as reference } from "../../../reference/rope.ts";
import { slice } from "../../../tensor/views.ts";
import { type Case, type CaseInput, type CaseTable, variantsOf, withTags } from "../../case-table.ts";
import { normal, randomSource } from "../../random.ts";
import { type StepRow, stepOf } from "../../step.ts";

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
  /** Elements before each head that do not belong to it. */
  readonly inset?: number;
}

/** Whether heads are whole vectors. */
const isByFour = ({ d, width = d }: Sizes, { inset = 0 }: Omit<Options, "layout">) =>
  [d, width / 2, inset].every((size) => size % 4 === 0);

function both(
  name: string,
  sizes: Sizes,
  options: Omit<Options, "layout"> = {},
  given?: CaseInput,
): Case<Inputs, Options>[] {
  const { b = 1, t, h = 1, d, width = d, positions = 64 } = sizes;
  const heads = h + 2 * (options.around ?? 0);
  const whole = d + (options.inset ?? 0);
  return (["halves", "interleaved"] as const).map((layout) => ({
    name: `${layout}, ${name}`,
    inputs: {
      x: { shape: [b, t, heads, whole], values: normal(b * t * heads * whole, 1) },
      table: {
        shape: [positions, width / 2, 2],
        values: ropeTable({ theta: 10_000, width, positions, scaling: { kind: "none" } }),
      },
      ...(given ? { positions: given } : {}),
    },
    options: { ...options, layout },
    ...(isByFour(sizes, options) ? {} : { refusedBy: ["vectors"] }),
  }));
}

const random = randomSource(7);

export const ropeCases: CaseTable<Inputs, "y", Options, keyof typeof rope.variants> = {
  op: "rope",
  variants: variantsOf(rope),
  reference: ({ x, table, positions }, { rows, around = 0, inset = 0, ...options }) => {
    const [b = 0, t = 0, heads = 0, whole = 0] = x.shape;
    const d = whole - inset;
    const inner = Array.from(x.values).filter((_, i) => {
      const head = Math.floor(i / whole) % heads;
      return head >= around && head < heads - around && i % whole >= inset;
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
  run: (gpu, { x, table, positions }, { rows, around = 0, inset = 0, ...options }, variant) => {
    const [, , heads = 0, whole = 0] = x.shape;
    const inner = slice(slice(x, 2, around, heads - around), 3, inset, whole);
    const step = rows ? { step: stepOf(gpu, rows) } : {};
    return rope(gpu, { x: inner, table, positions, ...step }, { ...options, variant });
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
    ...both("heads that begin within a vector", { b: 2, t: 3, h: 2, d: 16 }, { inset: 2 }),
    ...both("narrow rotation, by four", { b: 2, t: 3, h: 3, d: 28, width: 8 }, { start: 4 }),
  ],
};
