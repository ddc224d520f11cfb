import naiveSource from "#shaders/matmul/naive.wgsl";
import registerSource from "#shaders/matmul/register.wgsl";
import subgroupsSource from "#shaders/matmul/subgroups.wgsl";
import tiledSource from "#shaders/matmul/tiled.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { constantsOf } from "../../gpu/shader/specialise.ts";
import { defineKernel } from "../define/kernel.ts";
import { linear, linearCost, linearParts, linearSpecialisation, type MatmulTensors, wantsVectors } from "./linear.ts";

/** One output per thread. Takes any k. */
export const naive = {
  record: defineKernel({
    name: "matmul/naive",
    source: naiveSource,
    ...linear,
    specialise: linearSpecialisation,
    threads: ({ rows, n }) => rows * n,
    cost: (axes, _options: object, context) => {
      const products = axes.rows * axes.k * axes.n;
      return linearCost(axes, context, { products, xBytes: 4 * products, weights: products });
    },
  }),
};

/** Square tiles of x and of the weight in workgroup memory, one output per thread. Takes any k. */
export const tiled = {
  record: defineKernel({
    name: "matmul/tiled",
    source: tiledSource,
    ...linear,
    specialise: linearSpecialisation,
    workgroups: ({ rows, n }, _options, _context, shader) => {
      const { TILE } = constantsOf(shader, "TILE");
      return [Math.ceil(n / TILE), Math.ceil(rows / TILE)];
    },
    cost: (axes, _options: object, context, shader) => {
      const { rows, k, n } = axes;
      const { TILE } = constantsOf(shader, "TILE");
      const [across, down, steps] = [Math.ceil(n / TILE), Math.ceil(rows / TILE), Math.ceil(k / TILE)];
      return linearCost(axes, context, {
        products: across * down * steps * TILE ** 3,
        xBytes: 4 * rows * k * across,
        weights: n * k * down,
      });
    },
  }),
};

/**
 * Register tiles: each thread keeps the sums of several rows and columns, so that a vector loaded from the tiles in
 * workgroup memory is reused (Volkov and Demmel 2008, section 4). Requires k to be a multiple of 4.
 */
export const register = {
  accepts: wantsVectors,
  record: defineKernel({
    name: "matmul/register",
    source: registerSource,
    ...linear,
    specialise: linearSpecialisation,
    workgroups: ({ rows, n }, _options, _context, shader) => {
      const { TILE_ROWS, TILE_COLUMNS } = constantsOf(shader, "TILE_ROWS", "TILE_COLUMNS");
      return [Math.ceil(n / TILE_COLUMNS), Math.ceil(rows / TILE_ROWS)];
    },
    cost: (axes, _options: object, context, shader) => {
      const { rows, k, n } = axes;
      const tile = constantsOf(shader, "TILE_ROWS", "TILE_COLUMNS", "ROWS", "COLUMNS", "COLUMN_THREADS");
      const [down, across] = [Math.ceil(rows / tile.TILE_ROWS), Math.ceil(n / tile.TILE_COLUMNS)];
      const last = n - (across - 1) * tile.TILE_COLUMNS; // columns of the last tile
      const threads = (across - 1) * tile.COLUMN_THREADS + Math.min(last, tile.COLUMN_THREADS); // that have columns
      return linearCost(axes, context, {
        products: Math.ceil(rows / tile.ROWS) * tile.ROWS * threads * tile.COLUMNS * k,
        xBytes: 4 * rows * k * across,
        weightVectors: (n * k * down) / 4,
      });
    },
  }),
};

/** Register tiles of a whole subgroup, which shares x by shuffles. Requires k to be a multiple of 4. */
export const subgroups = {
  requires: ["subgroups"],
  accepts: (tensors: MatmulTensors, _options: object, { adapter }: Gpu): string | undefined =>
    adapter.subgroupSize === undefined ? "this device's subgroups have no fixed size" : wantsVectors(tensors),
  record: defineKernel({
    name: "matmul/subgroups",
    source: subgroupsSource,
    ...linear,
    specialise: (_axes, _options: object, context) => ({
      parts: linearParts(context),
      constants: { SUBGROUP: context.gpu.adapter.subgroupSize ?? 0 },
    }),
    workgroups: ({ rows, n }, _options, _context, shader) => {
      const { SUBGROUP, ROWS, TILES, COLUMNS } = constantsOf(shader, "SUBGROUP", "ROWS", "TILES", "COLUMNS");
      return [Math.ceil(n / (COLUMNS * SUBGROUP)), Math.ceil(rows / (ROWS * TILES))];
    },
    cost: (axes, _options, context, shader) => {
      const { rows, k, n } = axes;
      const { SUBGROUP, ROWS, TILES, COLUMNS } = constantsOf(shader, "SUBGROUP", "ROWS", "TILES", "COLUMNS");
      const [across, down] = [Math.ceil(n / (COLUMNS * SUBGROUP)), Math.ceil(rows / (ROWS * TILES))];
      const [padded, columns] = [Math.ceil(rows / ROWS) * ROWS, across * COLUMNS * SUBGROUP];
      return linearCost(axes, context, {
        products: padded * columns * k,
        xBytes: 4 * rows * k * across,
        weightVectors: (down * columns * k) / 4,
      });
    },
  }),
};
