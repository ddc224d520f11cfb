// Norms of rows and their gradients.
import layerNorm from "#shaders/norm/layer-norm.wgsl";
import layerNormBackward from "#shaders/norm/layer-norm-backward.wgsl";
import layerNormBackwardRegisters from "#shaders/norm/layer-norm-backward-registers.wgsl";
import layerNormBackwardSubgroups from "#shaders/norm/layer-norm-backward-subgroups.wgsl";
import layerNormRegisters from "#shaders/norm/layer-norm-registers.wgsl";
import layerNormSubgroups from "#shaders/norm/layer-norm-subgroups.wgsl";
import parameterGradients from "#shaders/norm/parameter-gradients.wgsl";
import rmsNorm from "#shaders/norm/rms-norm.wgsl";
import rmsNormBackward from "#shaders/norm/rms-norm-backward.wgsl";
import rmsNormBackwardRegisters from "#shaders/norm/rms-norm-backward-registers.wgsl";
import rmsNormBackwardSubgroups from "#shaders/norm/rms-norm-backward-subgroups.wgsl";
import rmsNormRegisters from "#shaders/norm/rms-norm-registers.wgsl";
import rmsNormSubgroups from "#shaders/norm/rms-norm-subgroups.wgsl";
import { registerRows, rowSpecialisation } from "../../kernels/reduce/lanes.ts";
import { dense } from "../../reference/dense.ts";
import { layerNorm as layerNormOf, rmsNorm as rmsNormOf } from "../../reference/norm.ts";
import { type Dispatch, floats } from "../dispatch.ts";
import { type FixedDispatch, fixed, type Reference, type StudyKernel, shaped, type ValueOf } from "../kernel.ts";
import { laneRows, type RowName, type RowSizes, subgroupRows } from "../rows.ts";

const eps = 1e-5;

const dispatch = ({ rows, columns }: RowSizes, value: ValueOf): Dispatch => ({
  uniforms: { params: { rows, cols: columns, eps } },
  inputs: { x: floats(rows * columns), weight: floats(columns) },
  outputs: { y: rows * columns },
  workgroups: [Math.ceil(rows / value("ROWS")), 1, 1],
});

const referenceOf = (name: string, norm: typeof rmsNormOf): Reference<RowName> => ({
  name,
  results: ({ x, weight }, { rows, columns }) =>
    norm({ x: dense([rows, columns], x), weight: dense([columns], weight) }, { eps }),
});

const inLanes = { ...laneRows, specialise: ({ columns }: RowSizes) => rowSpecialisation(columns), dispatch } as const;
const inRegisters = { ...laneRows, specialise: ({ columns }: RowSizes) => registerRows(columns), dispatch } as const;
const inSubgroups = { ...subgroupRows(2), dispatch } as const;

const ofLayerNorm = referenceOf("layerNorm", layerNormOf);
const ofRmsNorm = referenceOf("rmsNorm", rmsNormOf);

/** Gradients of rows of 24 elements, two threads a row and two rows a workgroup; the last row is alone. */
const gradients = (statistics: Dispatch["outputs"]): FixedDispatch => ({
  constants: { WORKGROUP: 4, LANES: 2 },
  uniforms: { params: { rows: 5, cols: 24, eps } },
  inputs: { x: floats(120), weight: floats(24), dy: floats(120) },
  outputs: { dx: 120, ...statistics },
  workgroups: [3, 1, 1],
});

/** Those rows in three groups, of which the last has one row and the others two. */
const groups = (
  dispatch: Pick<FixedDispatch, "constants" | "workgroups">,
  partials: Dispatch["outputs"],
): FixedDispatch => ({
  ...gradients({}),
  uniforms: { params: { rows: 5, cols: 24, groups: 3, eps } },
  outputs: { dx: 120, ...partials },
  ...dispatch,
});

const groupsInRegisters = { constants: { WORKGROUP: 4, LANES: 2, OWN: 3 }, workgroups: [2, 1, 1] } as const;
const groupsInSubgroups = { constants: { SUBGROUP: 2, ROWS: 2 }, workgroups: [3, 1, 1] } as const;
const weight = { dweights: 72 } as const;
const both = { dweights: 72, dbiases: 72 } as const;

/** The kernels, each with a dispatch. */
export const kernels: readonly StudyKernel[] = [
  shaped(rmsNorm, { ...inLanes, reference: ofRmsNorm, cost: { requestedBytes: "16 * rows * columns" } }),
  shaped(rmsNormRegisters, { ...inRegisters, reference: ofRmsNorm, cost: { requestedBytes: "12 * rows * columns" } }),
  shaped(rmsNormSubgroups, {
    ...inSubgroups,
    reference: ofRmsNorm,
    cost: { requestedBytes: "4 * (3 * ROWS + 1) * columns * ((rows + ROWS - 1) / ROWS)" },
  }),
  shaped(layerNorm, { ...inLanes, reference: ofLayerNorm, cost: { requestedBytes: "20 * rows * columns" } }),
  shaped(layerNormRegisters, {
    ...inRegisters,
    reference: ofLayerNorm,
    cost: { requestedBytes: "12 * rows * columns" },
  }),
  shaped(layerNormSubgroups, {
    ...inSubgroups,
    reference: ofLayerNorm,
    cost: { requestedBytes: "4 * (4 * ROWS + 1) * columns * ((rows + ROWS - 1) / ROWS)" },
  }),
  fixed(layerNormBackward, gradients({ scales: 5, means: 5 })),
  fixed(layerNormBackwardRegisters, groups(groupsInRegisters, both)),
  fixed(layerNormBackwardSubgroups, groups(groupsInSubgroups, both)),
  fixed(parameterGradients, {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { rows: 5, cols: 24, groups: 3 } },
    inputs: { x: floats(120), dy: floats(120), scales: floats(5) },
    outputs: weight,
    workgroups: [5, 1, 1],
  }),
  fixed(rmsNormBackward, gradients({ scales: 5 })),
  fixed(rmsNormBackwardRegisters, groups(groupsInRegisters, weight)),
  fixed(rmsNormBackwardSubgroups, groups(groupsInSubgroups, weight)),
];
