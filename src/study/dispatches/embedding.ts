import backwardJoin from "#shaders/embedding/backward/join.wgsl";
import backwardNaive from "#shaders/embedding/backward/naive.wgsl";
import backwardPieces from "#shaders/embedding/backward/pieces.wgsl";
import gather from "#shaders/embedding/gather.wgsl";
import sortCount from "#shaders/embedding/sort/count.wgsl";
import sortPlace from "#shaders/embedding/sort/place.wgsl";
import sortScan from "#shaders/embedding/sort/scan.wgsl";
import { floats, words } from "../dispatch.ts";
import { fixed, type StudyKernel } from "../kernel.ts";

/** Ten tokens of a table of 3 rows and 8 columns, one of an id outside of it, in order of their ids. */
const ids = words(2, 0, 0, 1, 0, 2, 9, 0, 0, 0);
const order = words(1, 2, 4, 7, 8, 9, 3, 0, 5, 6);
const parts = floats(3 * 2 * 8);
const table = { params: { t: 10, width: 2, begin: 0, end: 3, v: 3, scale: 2 } };

/** The kernels, each with a dispatch. */
export const kernels: readonly StudyKernel[] = [
  fixed(gather, {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { t: 3, c: 6, begin: 0, end: 4, v: 4, tokens: 0 } },
    inputs: { ids: words(2, 0, 2), weight: floats(24) },
    outputs: { y: 18 },
    workgroups: [2, 3, 1],
  }),
  fixed(backwardNaive, {
    constants: { WORKGROUP: 4, RUN: 4 },
    uniforms: { params: { t: 10, c: 3, begin: 0, end: 3, scale: 2 } },
    inputs: { ids, dy: floats(30) },
    outputs: { dtable: 9 },
    workgroups: [3, 1, 1],
  }),
  fixed(sortCount, {
    constants: { BINS: 4, CHUNK: 4 },
    uniforms: { params: { t: 10, v: 3 } },
    inputs: { ids },
    outputs: { chunk_counts: 12 },
    workgroups: [3, 1, 1],
  }),
  fixed(sortScan, {
    constants: { BINS: 4 },
    uniforms: { params: { chunks: 3 } },
    inputs: { chunk_counts: words(2, 1, 1, 0, 2, 0, 1, 1, 2, 0, 0, 0) },
    outputs: {},
    workgroups: [1, 1, 1],
    alone: true,
  }),
  fixed(sortPlace, {
    constants: { BINS: 4, CHUNK: 4 },
    uniforms: { params: { t: 10, v: 3 } },
    inputs: { ids, chunk_counts: words(0, 6, 7, 9, 2, 7, 8, 9, 4, 7, 9, 10) },
    outputs: { sorted: 10 },
    workgroups: [3, 1, 1],
  }),
  fixed(backwardPieces, {
    constants: { WORKGROUP: 4, PIECE: 4 },
    uniforms: table,
    inputs: { ids, order, dy: floats(80), dtable: floats(24), parts },
    outputs: {},
    workgroups: [2, 1, 1],
  }),
  fixed(backwardJoin, {
    constants: { WORKGROUP: 2, PIECE: 2, RUN: 2 },
    uniforms: { params: { t: 10, width: 2, begin: 0, end: 3, v: 3, scale: 2 } },
    inputs: { ids, order, dtable: floats(24), parts: floats(5 * 2 * 8) },
    outputs: {},
    workgroups: [5, 1, 1],
  }),
];
