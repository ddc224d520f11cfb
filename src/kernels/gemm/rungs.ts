// The rungs of the ladder that need nothing but their WGSL file and the work of its tiles, from naive to
// double-buffered.
import coalescedSource from "#shaders/gemm/coalesced.wgsl";
import doubleBufferSource from "#shaders/gemm/double-buffer.wgsl";
import naiveSource from "#shaders/gemm/naive.wgsl";
import paddedSource from "#shaders/gemm/padded.wgsl";
import registers1dSource from "#shaders/gemm/registers-1d.wgsl";
import registers2dSource from "#shaders/gemm/registers-2d.wgsl";
import tiledSource from "#shaders/gemm/tiled.wgsl";
import vectorsSource from "#shaders/gemm/vectors.wgsl";
import { constantsOf, type Shader } from "../../gpu/shader/specialise.ts";
import type { GemmWork } from "./problem.ts";
import { rungOf, tileWork } from "./variant.ts";

type Axes = Readonly<Record<"m" | "k" | "n", number>>;

/** Without tiles each thread loads a row of a and a column of b. */
const threadWork = ({ m, k, n }: Axes): GemmWork => ({ products: m * k * n, a: m * k * n, b: m * k * n });

/** Tiles in workgroup memory, by the constants that say how large they are. */
const elementTiles = <const Name extends string>(rows: Name, columns: Name, depth: Name) => ({
  loads: "elements" as const,
  tile: (shader: Shader) => {
    const sizes = constantsOf(shader, rows, columns);
    return { rows: sizes[rows], columns: sizes[columns] };
  },
  work: (axes: Axes & Readonly<Record<"b" | "h", number>>, shader: Shader) => {
    const sizes = constantsOf(shader, rows, columns, depth);
    return tileWork(axes, sizes[rows], sizes[columns], sizes[depth]);
  },
});

/** Square tiles that are loaded four elements at a time. */
const quadTiles = {
  loads: "quads",
  tile: (shader: Shader) => {
    const { TILE } = constantsOf(shader, "TILE");
    return { rows: TILE, columns: TILE };
  },
  /** Quads past the edges are loaded again, or are zeros without a load past the last i. */
  work: ({ m, k, n }: Axes, shader: Shader): GemmWork => {
    const { TILE, DEPTH } = constantsOf(shader, "TILE", "DEPTH");
    const outputs = Math.ceil(m / TILE) * Math.ceil(n / TILE) * TILE;
    return { products: outputs * TILE * Math.ceil(k / DEPTH) * DEPTH, a: outputs * k, b: outputs * k };
  },
} as const;

/** The definition: an output per thread, neighbouring threads in neighbouring rows. */
export const naive = rungOf({ name: "gemm/naive", source: naiveSource, loads: "elements", work: threadWork });

/** The same with neighbouring threads in neighbouring columns, so that their loads of b are neighbours in A·B. */
export const coalesced = rungOf({
  name: "gemm/coalesced",
  source: coalescedSource,
  loads: "elements",
  work: threadWork,
});

/** Tiles of a and b in workgroup memory, one output per thread. */
export const tiled = rungOf({ name: "gemm/tiled", source: tiledSource, ...elementTiles("TILE", "TILE", "TILE") });

/** Tiles, and eight outputs per thread, one below the other. */
export const registers1d = rungOf({
  name: "gemm/registers-1d",
  source: registers1dSource,
  ...elementTiles("TILE_ROWS", "TILE_COLUMNS", "DEPTH"),
});

/** Tiles, and 8 × 8 outputs per thread (Volkov and Demmel 2008). */
export const registers2d = rungOf({
  name: "gemm/registers-2d",
  source: registers2dSource,
  ...elementTiles("TILE_ROWS", "TILE_COLUMNS", "DEPTH"),
});

/** Tiles that are loaded, kept and used four elements at a time, 8 × 8 outputs per thread. */
export const vectors = rungOf({ name: "gemm/vectors", source: vectorsSource, ...quadTiles });

/** The same with padded tiles, whose stores go to different banks. */
export const padded = rungOf({ name: "gemm/padded", source: paddedSource, ...quadTiles });

/** The same with two tiles: the next is loaded while the products of one are added up. */
export const doubleBuffer = rungOf({ name: "gemm/double-buffer", source: doubleBufferSource, ...quadTiles });
