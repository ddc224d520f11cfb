// Layer norm, a thread a row: in three passes, from the mean of squares, with a running mean.
import rows from "#shaders/ladders/norm/rows.wgsl";
import squares from "#shaders/ladders/norm/squares.wgsl";
import welford from "#shaders/ladders/norm/welford.wgsl";
import { dense } from "../../../reference/dense.ts";
import { layerNorm } from "../../../reference/norm.ts";
import { floats } from "../../dispatch.ts";
import { type StudyKernel, shaped } from "../../kernel.ts";

const eps = 1e-5;

const norm = (source: typeof rows, reads: number): StudyKernel =>
  shaped(source, {
    sizes: {
      rows: { meaning: "rows of x", usual: 64 },
      columns: { meaning: "elements of a row", usual: 64, most: 1024 },
      mean: { meaning: "the middle of the elements of x, which spread 1.5 to both sides", usual: 0, least: 0 },
    },
    small: { sizes: { rows: 5, columns: 6, mean: 0 }, constants: { WORKGROUP: 4 } },
    dispatch: ({ rows, columns, mean }, value) => ({
      uniforms: { params: { rows, cols: columns, eps } },
      inputs: { x: { count: rows * columns, from: mean - 1.5, to: mean + 1.5 }, weight: floats(columns) },
      outputs: { y: rows * columns },
      workgroups: [Math.ceil(rows / value("WORKGROUP")), 1, 1],
    }),
    reference: {
      name: "layerNorm",
      results: ({ x, weight }, { rows, columns }) =>
        layerNorm({ x: dense([rows, columns], x), weight: dense([columns], weight) }, { eps }),
    },
    cost: { requestedBytes: `4 * ${reads + 1} * rows * columns` },
  });

/** The kernels, each with a dispatch. */
export const kernels: readonly StudyKernel[] = [norm(rows, 4), norm(squares, 3), norm(welford, 3)];
