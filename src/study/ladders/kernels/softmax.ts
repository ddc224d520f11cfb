// Softmax of rows that several workgroups share: maxima and sums of pieces, then their join.
import joined from "#shaders/ladders/softmax/joined.wgsl";
import pieces from "#shaders/ladders/softmax/pieces.wgsl";
import { at, dense } from "../../../reference/dense.ts";
import { type Dispatch, floats, type Inputs, positive } from "../../dispatch.ts";
import { type Size, type StudyKernel, shaped, type ValueOf } from "../../kernel.ts";

type Name = "rows" | "columns";
type Sizes = Readonly<Record<Name, number>>;

const sizes: Readonly<Record<Name, Size>> = {
  rows: { meaning: "rows of x", usual: 2, most: 1024 },
  columns: { meaning: "elements of a row", usual: 4000 },
};

/** Three pieces a row, of which the last is cut, in several steps of each thread. */
const small = { sizes: { rows: 2, columns: 21 }, constants: { WORKGROUP: 4, PIECE: 9 } } as const;

const piecesOf = ({ columns }: Sizes, value: ValueOf): number => Math.ceil(columns / value("PIECE"));
const inPieces = "((columns + PIECE - 1) / PIECE)";

const over = (sizes: Sizes, value: ValueOf, more: Dispatch["inputs"], outputs: Dispatch["outputs"]): Dispatch => ({
  uniforms: { params: { rows: sizes.rows, cols: sizes.columns } },
  inputs: Object.assign({ x: floats(sizes.rows * sizes.columns) }, more),
  outputs,
  workgroups: [piecesOf(sizes, value), sizes.rows, 1],
});

/** The largest of some numbers, and the sum of their exponentials relative to it. */
function statsOf(values: Float64Array): [number, number] {
  const largest = values.reduce((one, other) => Math.max(one, other), Number.NEGATIVE_INFINITY);
  return [largest, values.reduce((sum, value) => sum + Math.exp(value - largest), 0)];
}

function statsOfPieces({ x }: Inputs, sizes: Sizes, value: ValueOf) {
  const { rows, columns } = sizes;
  const { values } = dense([rows, columns], x);
  const stats = dense([rows, piecesOf(sizes, value), 2]);
  const each = value("PIECE");
  for (let row = 0; row < rows; row++) {
    for (let piece = 0; piece < piecesOf(sizes, value); piece++) {
      const own = values.subarray(row * columns + piece * each, row * columns + Math.min(piece * each + each, columns));
      stats.values.set(statsOf(own), 2 * (row * piecesOf(sizes, value) + piece));
    }
  }
  return { stats };
}

/** Each exponential over its row's sum, as the stats of the row's pieces say it. */
function shares({ x, stats }: Inputs, sizes: Sizes, value: ValueOf) {
  const { rows, columns } = sizes;
  const [each, given] = [piecesOf(sizes, value), Float64Array.from(stats ?? [])];
  const sumOf = (row: number): number =>
    Array.from({ length: each }, (_, piece) => 2 * (row * each + piece)).reduce(
      (sum, i) => sum + at(given, i + 1) * Math.exp(at(given, i)),
      0,
    );
  const sums = Array.from({ length: rows }, (_, row) => sumOf(row));
  const share = (one: number, i: number): number => Math.exp(one) / (sums[Math.floor(i / columns)] ?? Number.NaN);
  return { y: dense([rows, columns], dense([rows, columns], x).values.map(share)) };
}

/** The kernels, each with a dispatch. */
export const kernels: readonly StudyKernel[] = [
  shaped(pieces, {
    sizes,
    small,
    dispatch: (sizes, value) => over(sizes, value, {}, { stats: 2 * sizes.rows * piecesOf(sizes, value) }),
    reference: { name: "softmax", results: statsOfPieces },
    cost: { requestedBytes: `4 * rows * columns + 8 * rows * ${inPieces}` },
  }),
  shaped(joined, {
    sizes,
    small,
    dispatch: (sizes, value) =>
      over(
        sizes,
        value,
        { stats: positive(2 * sizes.rows * piecesOf(sizes, value)) },
        { y: sizes.rows * sizes.columns },
      ),
    reference: { name: "softmax", results: shares },
    cost: { requestedBytes: `8 * rows * columns + 8 * rows * WORKGROUP * ${inPieces} * ${inPieces}` },
  }),
];
