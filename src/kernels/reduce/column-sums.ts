import vectorFour from "#shaders/lib/vector/four.wgsl";
import vectorOne from "#shaders/lib/vector/one.wgsl";
import source from "#shaders/reduce/columns.wgsl";
import type { Tensor } from "../../tensor/tensor.ts";
import { reshape } from "../../tensor/views.ts";
import { intoY, onlyX } from "../define/arguments.ts";
import { checkInto } from "../define/bindings.ts";
import { defineKernel, type Into } from "../define/kernel.ts";
import { defineOp, type Variant } from "../define/op.ts";
import { AxisSizes } from "../define/shapes.ts";
import { fill } from "../elementwise/fill.ts";

type Tensors = { readonly x: Tensor };
type Result = { readonly y: Tensor };
type Axes = Readonly<Record<"rows" | "cols", number>>;

const vectors = (cols: number) => (cols % 4 === 0 ? cols / 4 : cols);

const kernel = defineKernel({
  name: "reduce/columns",
  source,
  inputs: { x: "[rows, cols]" },
  outputs: { y: "[blocks, cols]" },
  axes: ({ rows }: Axes, { block }: { readonly block: number }) => ({ blocks: Math.ceil(rows / block) }),
  params: ({ rows, cols }: Axes, { block }) => ({ rows, width: vectors(cols), block }),
  specialise: ({ cols }: Axes) => ({ parts: [cols % 4 === 0 ? vectorFour : vectorOne] }),
  threads: ({ rows, cols }: Axes, { block }) => Math.ceil(rows / block) * vectors(cols),
  cost: ({ rows, cols }: Axes, { block }) => ({
    flops: rows * cols,
    requestedBytes: 4 * cols * (rows + Math.ceil(rows / block)),
  }),
});

/** Rows of a block: on lavapipe 64, 128 and 256 take the same time, 4096 rows of 768 a tenth of what `sum` takes. */
const rowsTogether = 128;

type SumsVariant = Variant<Tensors, Into<Result>, Result>;

/** Sums in stages of blocks of rows, until one row is left. */
const inStages =
  (block: (rows: number) => number): SumsVariant["record"] =>
  (gpu, { x }, options) => {
    using scope = gpu.scope();
    const sizes = new AxisSizes("columnSums");
    sizes.match("x", "[rows, cols]", x.shape);
    const [rows = 0, cols = 0] = x.shape;
    const given = options.into?.y;
    const accepts = { types: ["f32"], strided: false, segmented: false } as const;
    if (given) checkInto(gpu, "columnSums: into.y", given, [cols], accepts);
    if (rows === 0) return { y: scope.keep(fill(gpu, [cols], 0, "f32", options)) };
    const into = given ? { into: { y: reshape(given, [1, given.size]) } } : {};
    let y = x;
    let left = rows;
    do {
      const own = block(left);
      y = kernel(gpu, { x: y }, { block: own, ...(left <= own ? into : {}) }).y;
      left = Math.ceil(left / own);
    } while (left > 1);
    return { y: given ?? scope.keep(reshape(y, [cols])) };
  };

/** Blocks of rows, and then blocks of their sums. */
const blocks: SumsVariant = {
  workspace: ({ x }) => 4 * Math.ceil(x.size / rowsTogether),
  record: inStages(() => rowsTogether),
};

/** All rows in one block, a thread a column. */
const naive: SumsVariant = { record: inStages((rows) => rows) };

const variants = { blocks, naive } as const;

/**
 * Sums of columns, the gradient of a bias: x f32 `[rows, cols]` → y `[cols]`; zeros without rows. Like `sum` over axis
 * 0, with work for many threads for any number of columns, and neighbouring threads in one row. The order of a sum
 * depends on the number of rows alone. Throws `ShapeError` for other shapes.
 */
export const columnSums = defineOp<Tensors, Into<Result>, Result, typeof variants>(
  { name: "columnSums", variants, order: () => ["blocks", "naive"] },
  { tensors: onlyX, options: intoY },
);
