// Transposes: straight, through a tile, through a tile without bank conflicts.
import naive from "#shaders/ladders/transpose/naive.wgsl";
import padded from "#shaders/ladders/transpose/padded.wgsl";
import tile from "#shaders/ladders/transpose/tile.wgsl";
import { dense } from "../../../reference/dense.ts";
import { transpose as transposeOf } from "../../../reference/layout.ts";
import { floats } from "../../dispatch.ts";
import { type StudyKernel, shaped } from "../../kernel.ts";

const transpose = (source: typeof naive): StudyKernel =>
  shaped(source, {
    sizes: {
      rows: { meaning: "rows of x", usual: 64, most: 1024 },
      columns: { meaning: "columns of x", usual: 96, most: 1024 },
    },
    small: { sizes: { rows: 6, columns: 10 }, constants: { TILE: 4, THREAD_ROWS: 2 } },
    dispatch: ({ rows, columns }, value) => ({
      uniforms: { params: { rows, cols: columns } },
      inputs: { x: floats(rows * columns) },
      outputs: { y: rows * columns },
      workgroups: [Math.ceil(columns / value("TILE")), Math.ceil(rows / value("TILE")), 1],
    }),
    reference: {
      name: "transpose",
      results: ({ x }, { rows, columns }) => transposeOf({ x: dense([rows, columns], x) }, { order: [1, 0] }),
    },
    cost: { requestedBytes: "8 * rows * columns" },
  });

/** The kernels, each with a dispatch. */
export const kernels: readonly StudyKernel[] = [transpose(naive), transpose(tile), transpose(padded)];
