// What slots hold before a workgroup starts: constants, private variables, builtin values.
import { WgslError } from "../../error.ts";
import type { Constant, Input, Variable } from "../program.ts";
import { placesOf, type ScalarName } from "../types.ts";
import { type State, viewOf } from "./state.ts";

/** Fills a slot of all lanes. */
export function fillSlot(state: State, slot: number, scalar: ScalarName, value: number): void {
  viewOf(state, scalar).fill(value, slot * state.width, (slot + 1) * state.width);
}

/** Gives a private variable its initial value, or zeros. */
export function fillPrivate(state: State, first: number, variable: Variable, initial: Constant | undefined): void {
  for (const [i, { scalar }] of placesOf(variable.type).entries()) {
    fillSlot(state, first + i, scalar.scalar, initial?.[i] ?? 0);
  }
}

type Three = readonly [number, number, number];

/** Where a lane is: what builtin values say. */
interface Position {
  /** Counted by subgroups. */
  readonly lane: number;
  /** `local_invocation_index`. */
  readonly thread: number;
  /** `local_invocation_id`. */
  readonly local: Three;
  readonly size: Three;
  readonly workgroup: Three;
  readonly workgroups: Three;
  readonly subgroupSize: number;
}

/** The number of an element by its three coordinates, the first of which counts fastest. */
const linear = ([x, y, z]: Three, [width, height]: Three): number => x + width * (y + height * z);

const globalId = ({ local, size, workgroup }: Position): Three => [
  workgroup[0] * size[0] + local[0],
  workgroup[1] * size[1] + local[1],
  workgroup[2] * size[2] + local[2],
];

const all = ([x, y, z]: Three): number => x * y * z;

/** Builtin values of compute shaders (WGSL, section 13.3.1), as scalars in order. */
const values: Readonly<Record<string, (position: Position) => readonly number[]>> = {
  local_invocation_id: ({ local }) => local,
  local_invocation_index: ({ thread }) => [thread],
  global_invocation_id: globalId,
  global_invocation_index: (position) => {
    const { size, workgroups } = position;
    return [linear(globalId(position), [size[0] * workgroups[0], size[1] * workgroups[1], 1])];
  },
  workgroup_id: ({ workgroup }) => workgroup,
  workgroup_index: ({ workgroup, workgroups }) => [linear(workgroup, workgroups)],
  num_workgroups: ({ workgroups }) => workgroups,
  subgroup_invocation_id: ({ lane, subgroupSize }) => [lane % subgroupSize],
  subgroup_size: ({ subgroupSize }) => [subgroupSize],
  subgroup_id: ({ lane, subgroupSize }) => [Math.floor(lane / subgroupSize)],
  num_subgroups: ({ size, subgroupSize }) => [Math.ceil(all(size) / subgroupSize)],
};

/** Writes a builtin value of all lanes to slots from `first` on. */
export function fillInput(
  state: State,
  first: number,
  { builtin, type }: Input,
  size: Three,
  workgroups: Three,
  at: number,
): void {
  const { u32, width, workgroup, subgroupSize, threads } = state;
  const compute = values[builtin];
  if (!compute) throw new WgslError(`@builtin(${builtin}) is not known`, at);
  const [columns, rows] = size;
  for (let lane = 0; lane < width; lane++) {
    const thread = threads[lane] ?? lane;
    const row = Math.floor(thread / columns);
    const local: Three = [thread % columns, row % rows, Math.floor(row / rows)];
    const found = compute({ lane, thread, local, size, workgroup, workgroups, subgroupSize });
    for (let i = 0; i < type.slots; i++) u32[(first + i) * width + lane] = found[i] ?? 0;
  }
}
