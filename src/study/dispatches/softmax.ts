// Softmax over rows, from three kernels with a thread a row to a subgroup that keeps a row in registers; its logarithm;
// gradients.
import backward from "#shaders/softmax/backward.wgsl";
import backwardRegisters from "#shaders/softmax/backward-registers.wgsl";
import backwardSubgroups from "#shaders/softmax/backward-subgroups.wgsl";
import logBackward from "#shaders/softmax/log-backward.wgsl";
import logBackwardNaive from "#shaders/softmax/log-backward-naive.wgsl";
import logNaive from "#shaders/softmax/log-naive.wgsl";
import logWorkgroup from "#shaders/softmax/log-workgroup.wgsl";
import normalise from "#shaders/softmax/normalise.wgsl";
import online from "#shaders/softmax/online.wgsl";
import registers from "#shaders/softmax/registers.wgsl";
import rowMax from "#shaders/softmax/row-max.wgsl";
import rowSum from "#shaders/softmax/row-sum.wgsl";
import subgroupRegisters from "#shaders/softmax/subgroup-registers.wgsl";
import subgroups from "#shaders/softmax/subgroups.wgsl";
import workgroup from "#shaders/softmax/workgroup.wgsl";
import { registerRows, rowSpecialisation } from "../../kernels/reduce/lanes.ts";
import { at, type Dense, dense } from "../../reference/dense.ts";
import { max } from "../../reference/reduce.ts";
import { logSoftmax, logSoftmaxBackward, softmax, softmaxBackward } from "../../reference/softmax.ts";
import { type Dispatch, floats, type Inputs, positive } from "../dispatch.ts";
import { type Reference, type StudyKernel, shaped, type ValueOf } from "../kernel.ts";
import { laneRows, type RowName, type RowSizes, rowSizes, subgroupRows } from "../rows.ts";

/** A dispatch over x, or over the result and its gradient, by workgroups that have so many rows, or elements. */
const over = (
  { rows, columns }: RowSizes,
  inputs: Dispatch["inputs"],
  outputs: Dispatch["outputs"],
  workgroups: number,
): Dispatch => ({
  uniforms: { params: { rows, cols: columns } },
  inputs,
  outputs,
  workgroups: [Math.ceil(workgroups), 1, 1],
});

const size = ({ rows, columns }: RowSizes): number => rows * columns;
const forward = (sizes: RowSizes, workgroups: number) =>
  over(sizes, { x: floats(size(sizes)) }, { y: size(sizes) }, workgroups);
const gradient = (sizes: RowSizes, workgroups: number) =>
  over(sizes, { y: floats(size(sizes)), dy: floats(size(sizes)) }, { dx: size(sizes) }, workgroups);

const rowsOf = ({ x }: Inputs, { rows, columns }: RowSizes): Dense => dense([rows, columns], x);
const pairOf = ({ y, dy }: Inputs, { rows, columns }: RowSizes) => ({
  y: dense([rows, columns], y),
  dy: dense([rows, columns], dy),
});

const ofSoftmax: Reference<RowName> = {
  name: "softmax",
  results: (inputs, sizes) => softmax({ x: rowsOf(inputs, sizes) }),
};
const ofLog: Reference<RowName> = {
  name: "logSoftmax",
  results: (inputs, sizes) => logSoftmax({ x: rowsOf(inputs, sizes) }),
};
const ofGradient: Reference<RowName> = {
  name: "softmaxBackward",
  results: (inputs, sizes) => softmaxBackward(pairOf(inputs, sizes)),
};
const ofLogGradient: Reference<RowName> = {
  name: "logSoftmaxBackward",
  results: (inputs, sizes) => logSoftmaxBackward(pairOf(inputs, sizes)),
};

/** exp(x - largest) of each element. */
const exponentials = (inputs: Inputs, sizes: RowSizes): Float64Array => {
  const largest = Float64Array.from(inputs["largest"] ?? []);
  const of = (value: number, i: number) => Math.exp(value - at(largest, Math.floor(i / sizes.columns)));
  return rowsOf(inputs, sizes).values.map(of);
};

function sumsOf(inputs: Inputs, sizes: RowSizes): Dense {
  const sums = dense([sizes.rows]);
  for (const [i, value] of exponentials(inputs, sizes).entries()) {
    const row = Math.floor(i / sizes.columns);
    sums.values[row] = at(sums.values, row) + value;
  }
  return sums;
}

function sharesOf(inputs: Inputs, sizes: RowSizes): Dense {
  const sums = Float64Array.from(inputs["sum"] ?? []);
  const share = (value: number, i: number) => value / at(sums, Math.floor(i / sizes.columns));
  return dense([sizes.rows, sizes.columns], exponentials(inputs, sizes).map(share));
}

/** A thread for each row. */
const alone = {
  sizes: rowSizes(1024),
  small: { sizes: { rows: 5, columns: 6 }, constants: { WORKGROUP: 4 } },
} as const;

const threads = ({ rows }: RowSizes, value: ValueOf): number => rows / value("WORKGROUP");
const lanes = ({ rows }: RowSizes, value: ValueOf): number => rows / value("ROWS");

const inLanes = {
  ...laneRows,
  specialise: ({ columns }: RowSizes) => rowSpecialisation(columns),
  dispatch: (sizes: RowSizes, value: ValueOf) => forward(sizes, lanes(sizes, value)),
} as const;

const inSubgroups = {
  ...subgroupRows(1),
  reference: ofSoftmax,
  dispatch: (sizes: RowSizes, value: ValueOf) => forward(sizes, lanes(sizes, value)),
} as const;

const backwardInLanes = {
  ...inLanes,
  dispatch: (sizes: RowSizes, value: ValueOf) => gradient(sizes, lanes(sizes, value)),
} as const;

/** The kernels, each with a dispatch. */
export const kernels: readonly StudyKernel[] = [
  shaped(rowMax, {
    ...alone,
    dispatch: (sizes, value) => over(sizes, { x: floats(size(sizes)) }, { largest: sizes.rows }, threads(sizes, value)),
    reference: {
      name: "max",
      results: (inputs, sizes) => ({ largest: max({ x: rowsOf(inputs, sizes) }, { axis: 1 }).y }),
    },
    cost: { requestedBytes: "4 * rows * columns + 4 * rows", operations: "rows * columns" },
  }),
  shaped(rowSum, {
    ...alone,
    dispatch: (sizes, value) => {
      const inputs = { x: floats(size(sizes)), largest: floats(sizes.rows) };
      return over(sizes, inputs, { sum: sizes.rows }, threads(sizes, value));
    },
    reference: { name: "softmax", results: (inputs, sizes) => ({ sum: sumsOf(inputs, sizes) }) },
    cost: { requestedBytes: "4 * rows * columns + 8 * rows" },
  }),
  shaped(normalise, {
    ...alone,
    dispatch: (sizes, value) => {
      const inputs = { x: floats(size(sizes)), largest: floats(sizes.rows), sum: positive(sizes.rows) };
      return over(sizes, inputs, { y: size(sizes) }, size(sizes) / value("WORKGROUP"));
    },
    reference: { name: "softmax", results: (inputs, sizes) => ({ y: sharesOf(inputs, sizes) }) },
    cost: { requestedBytes: "16 * rows * columns", operations: "4 * rows * columns" },
  }),
  shaped(workgroup, { ...inLanes, reference: ofSoftmax, cost: { requestedBytes: "20 * rows * columns" } }),
  shaped(online, { ...inLanes, reference: ofSoftmax, cost: { requestedBytes: "12 * rows * columns" } }),
  shaped(registers, {
    ...inLanes,
    specialise: ({ columns }) => registerRows(columns),
    reference: ofSoftmax,
    cost: { requestedBytes: "8 * rows * columns" },
  }),
  shaped(subgroups, { ...inSubgroups, cost: { requestedBytes: "12 * rows * columns" } }),
  shaped(subgroupRegisters, {
    ...inSubgroups,
    sizes: rowSizes(128),
    refuses: ({ columns }, value) =>
      columns / (columns % 4 === 0 ? 4 : 1) > value("OWN") * value("SUBGROUP")
        ? `rows of ${columns} elements do not fit in the registers of a subgroup`
        : undefined,
    cost: { requestedBytes: "8 * rows * columns" },
  }),
  shaped(logNaive, {
    ...alone,
    dispatch: (sizes, value) => forward(sizes, threads(sizes, value)),
    reference: ofLog,
    cost: { requestedBytes: "16 * rows * columns" },
  }),
  shaped(logWorkgroup, { ...inLanes, reference: ofLog, cost: { requestedBytes: "16 * rows * columns" } }),
  shaped(backward, { ...backwardInLanes, reference: ofGradient, cost: { requestedBytes: "20 * rows * columns" } }),
  shaped(backwardRegisters, {
    ...backwardInLanes,
    specialise: ({ columns }) => registerRows(columns),
    reference: ofGradient,
    cost: { requestedBytes: "12 * rows * columns" },
  }),
  shaped(backwardSubgroups, {
    ...subgroupRows(2),
    dispatch: (sizes, value) => gradient(sizes, lanes(sizes, value)),
    reference: ofGradient,
    cost: { requestedBytes: "20 * rows * columns" },
  }),
  shaped(logBackward, {
    ...backwardInLanes,
    reference: ofLogGradient,
    cost: { requestedBytes: "16 * rows * columns" },
  }),
  shaped(logBackwardNaive, {
    ...alone,
    dispatch: (sizes, value) => gradient(sizes, threads(sizes, value)),
    reference: ofLogGradient,
    cost: { requestedBytes: "16 * rows * columns" },
  }),
];
