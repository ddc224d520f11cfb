// The common part of the norms' backward ops: their variants, with separate kernels for each norm, and the sums over
// rows of the gradients of parameters.

import dsumNone from "#shaders/norm/dsum/none.wgsl";
import dsumGiven from "#shaders/norm/dsum/tensor.wgsl";
import dxNone from "#shaders/norm/dx/none.wgsl";
import dxStored from "#shaders/norm/dx/stored.wgsl";
import meanNone from "#shaders/norm/mean/none.wgsl";
import meanGiven from "#shaders/norm/mean/tensor.wgsl";
import gradientsSource from "#shaders/norm/parameter-gradients.wgsl";
import partialsBias from "#shaders/norm/partials/bias.wgsl";
import partialsBoth from "#shaders/norm/partials/both.wgsl";
import partialsNone from "#shaders/norm/partials/none.wgsl";
import partialsWeight from "#shaders/norm/partials/weight.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import type { ShaderModule } from "../../gpu/shader/shader-module.ts";
import { constantsOf, type Shader, type Specialisation } from "../../gpu/shader/specialise.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { defineKernel, type Into } from "../define/kernel.ts";
import { inRegisters, registerRows, rowGrid, rowSpecialisation } from "../reduce/lanes.ts";
import { sum } from "../reduce/reduce.ts";
import { bySubgroups } from "./subgroup-rows.ts";

/** `x`, `dy` and `dsum` `[..., cols]`, `weight` `[cols]`. */
export interface NormBackwardTensors {
  readonly x: Tensor;
  readonly weight: Tensor;
  readonly dy: Tensor;
  /** Gradient of `x` from elsewhere, which is added: of the sum that a norm with a residual returns. */
  readonly dsum?: Tensor | undefined;
}

/** Gradients of a norm: those that are needed. */
export interface NormGradients {
  readonly dx?: Tensor;
  readonly dweight?: Tensor;
  readonly dbias?: Tensor;
}

/** The forward's `eps`, and which gradients are needed. */
export interface NormBackwardOptions extends Into<NormGradients> {
  readonly eps: number;
  readonly needs?: { readonly [N in keyof Needs]?: boolean };
}

/** Which gradients a call makes. */
interface Needs {
  readonly x: boolean;
  readonly weight: boolean;
  readonly bias: boolean;
}

interface KernelOptions {
  readonly eps: number;
  readonly needs: Needs;
}

/** By default the gradients that every norm has. */
const needsOf = ({ needs = {} }: NormBackwardOptions): Needs => ({ x: true, weight: true, bias: false, ...needs });

/** Maximum number of rows that a group adds up one by one, and the number of groups from which on it has several. */
const maxRows = 32;
const minGroups = 128;

/**
 * Into how many groups rows are divided, each with sums of its own over its rows: the same on every device, so that
 * gradients are too. One group a row where nothing is summed over rows.
 */
function groupsOf(rows: number, { weight, bias }: Needs): number {
  if (!weight && !bias) return rows;
  return Math.ceil(rows / Math.min(maxRows, Math.max(1, Math.ceil(rows / minGroups))));
}

type Types = { readonly dtypes: Readonly<Record<string, string>> };

/** Parts for where the gradients of rows come from and go. */
const rowParts = ({ x }: Needs, { dtypes }: Types): readonly ShaderModule[] => [
  "dsum" in dtypes ? dsumGiven : dsumNone,
  x ? dxStored : dxNone,
];

/** The part for the sums of groups that are kept. */
const partialsPart = ({ weight, bias }: Needs): ShaderModule =>
  weight ? (bias ? partialsBoth : partialsWeight) : bias ? partialsBias : partialsNone;

/** Number of tensors of sums of groups. */
const partialsIn = ({ weight, bias }: Needs): number => Number(weight) + Number(bias);

/** Bytes of an element of a row for `dx` and `dsum`. */
const rowBytes = ({ x }: Needs, { dtypes }: Types): number => 4 * (Number(x) + Number("dsum" in dtypes));

const inputs = {
  x: "[...rows, cols]",
  weight: "[cols]",
  dy: "[...rows, cols]",
  "dsum?": "[...rows, cols]",
} as const;

/** The sums of each group of rows, from the rows' statistics; without `means`, rows are not centred. */
const parameterGradients = defineKernel({
  name: "norm/parameter-gradients",
  source: gradientsSource,
  inputs: { x: "[...rows, cols]", dy: "[...rows, cols]", scales: "[rows]", "means?": "[rows]" },
  outputs: { "dweights?": "[groups, cols]", "dbiases?": "[groups, cols]" },
  wants: ({ needs }: { readonly needs: Needs }) => ({ dweights: needs.weight, dbiases: needs.bias }),
  axes: ({ rows }, { needs }) => ({ groups: groupsOf(rows, needs) }),
  params: ({ rows, cols, groups }) => ({ rows, cols, groups }),
  specialise: ({ cols }, { needs }, { dtypes }) => ({
    parts: rowSpecialisation(cols, ["means" in dtypes ? meanGiven : meanNone, partialsPart(needs)]).parts ?? [],
  }),
  threads: ({ cols, groups }) => groups * (cols % 4 === 0 ? cols / 4 : cols),
  cost: ({ rows, cols, groups }, { needs }, { dtypes }, shader) => {
    const statistics = ("means" in dtypes ? 8 : 4) / constantsOf(shader, "WIDTH").WIDTH;
    return {
      flops: 5 * rows * cols,
      requestedBytes: (8 + statistics) * rows * cols + 4 * partialsIn(needs) * groups * cols,
    };
  },
});

/** Adds up the sums of groups, in order, into the gradients of the parameters. */
function sumPartials(
  gpu: Gpu,
  { dweights, dbiases }: { readonly dweights?: Tensor; readonly dbiases?: Tensor },
  into: NormGradients,
): NormGradients {
  const summed = (partials: Tensor, y: Tensor | undefined) => {
    const total = sum(gpu, { x: partials }, { axis: 0, ...(y ? { into: { y } } : {}) }).y;
    partials.dispose();
    return total;
  };
  return {
    ...(dweights ? { dweight: summed(dweights, into.dweight) } : {}),
    ...(dbiases ? { dbias: summed(dbiases, into.dbias) } : {}),
  };
}

const rowsIn = ({ shape, size }: Tensor) => size / Math.max(1, shape.at(-1) ?? 1);

/** Bytes of the sums of groups. */
function partialBytes({ x }: NormBackwardTensors, options: NormBackwardOptions): number {
  const needs = needsOf(options);
  return 4 * partialsIn(needs) * groupsOf(rowsIn(x), needs) * (x.shape.at(-1) ?? 1);
}

/** A norm's kernel of a variant, and its operations for an element. */
interface NormKernel {
  readonly name: string;
  readonly source: ShaderModule;
  readonly flops: number;
}

/**
 * The variant with a kernel for rows, which stores their statistics, and one for the parameters. `reads` are those of
 * an element of a row, `x`, `weight` and `dy` together; `centred` rows have a mean.
 */
export function inPasses({ name, source, flops, reads, centred }: NormKernel & { reads: number; centred: boolean }) {
  const kernel = defineKernel({
    name,
    source,
    inputs,
    outputs: { "dx?": "[...rows, cols]", scales: "[rows]", "means?": "[rows]" },
    wants: ({ needs }: KernelOptions) => ({ dx: needs.x, means: centred }),
    params: ({ rows, cols }, { eps }) => ({ rows, cols, eps }),
    specialise: ({ cols }, { needs }, context) => rowSpecialisation(cols, rowParts(needs, context)),
    ...rowGrid,
    cost: ({ rows, cols }, { needs }, context) => ({
      flops: flops * rows * cols,
      requestedBytes: (4 * reads + rowBytes(needs, context)) * rows * cols + (centred ? 8 : 4) * rows,
    }),
  });
  return {
    workspace: (tensors: NormBackwardTensors, options: NormBackwardOptions) =>
      (centred ? 8 : 4) * rowsIn(tensors.x) + partialBytes(tensors, options),
    record: (gpu: Gpu, tensors: NormBackwardTensors, options: NormBackwardOptions): NormGradients => {
      const { eps, into = {} } = options;
      const needs = needsOf(options);
      const { dx, ...statistics } = kernel(gpu, tensors, { eps, needs, into: into.dx ? { dx: into.dx } : {} });
      const { x, dy } = tensors;
      const partials = partialsIn(needs) > 0 ? parameterGradients(gpu, { x, dy, ...statistics }, { needs }) : {};
      for (const tensor of Object.values(statistics)) tensor.dispose();
      return { ...(dx ? { dx } : {}), ...sumPartials(gpu, partials, into) };
    },
  };
}

type GroupAxes = Readonly<Record<"rows" | "cols" | "groups", number>>;

/** How a variant with one kernel goes over groups of rows. */
interface Grouped extends NormKernel {
  readonly specialise: (gpu: Gpu, axes: GroupAxes, parts: readonly ShaderModule[]) => Specialisation;
  /** Groups of a workgroup: a constant of the shader, or 1. */
  readonly together: (shader: Shader) => number;
  /** Bytes of an element of a row other than `dx` and `dsum`, and of one of a group, with so many sums. */
  readonly bytes: (axes: GroupAxes, partials: number) => number;
}

/** A variant with one kernel for rows and groups of them. */
function inGroups({ name, source, flops, specialise, together, bytes }: Grouped) {
  const kernel = defineKernel({
    name,
    source,
    inputs,
    outputs: { "dx?": "[...rows, cols]", "dweights?": "[groups, cols]", "dbiases?": "[groups, cols]" },
    wants: ({ needs }: KernelOptions) => ({ dx: needs.x, dweights: needs.weight, dbiases: needs.bias }),
    axes: ({ rows }, { needs }) => ({ groups: groupsOf(rows, needs) }),
    params: ({ rows, cols, groups }, { eps }) => ({ rows, cols, groups, eps }),
    specialise: (axes, { needs }, context) =>
      specialise(context.gpu, axes, [...rowParts(needs, context), partialsPart(needs)]),
    workgroups: ({ groups }, _options, _context, shader) => [Math.ceil(groups / together(shader))],
    cost: (axes, { needs }, context) => ({
      flops: flops * axes.rows * axes.cols,
      requestedBytes: rowBytes(needs, context) * axes.rows * axes.cols + bytes(axes, partialsIn(needs)),
    }),
  });
  return {
    workspace: partialBytes,
    record: (gpu: Gpu, tensors: NormBackwardTensors, options: NormBackwardOptions): NormGradients => {
      const { eps, into = {} } = options;
      const needs = needsOf(options);
      const { dx, ...partials } = kernel(gpu, tensors, { eps, needs, into: into.dx ? { dx: into.dx } : {} });
      return { ...(dx ? { dx } : {}), ...sumPartials(gpu, partials, into) };
    },
  };
}

/** A norm whose threads keep a row, and sums of columns, in registers. */
export const groupsInRegisters = (kernel: NormKernel) => ({
  ...inRegisters,
  ...inGroups({
    ...kernel,
    specialise: (_gpu, { cols }, parts) => registerRows(cols, parts),
    together: (shader) => constantsOf(shader, "ROWS").ROWS,
    bytes: ({ rows, cols, groups }, partials) => 8 * rows * cols + 4 * (1 + partials) * groups * cols,
  }),
});

/** Rows that a subgroup takes at a time: four where groups have them. */
const rowsAtATime = ({ rows, groups }: GroupAxes) => (rows < 4 * groups ? 1 : 4);

/**
 * A norm with a subgroup for each group; `reads` are those of an element of a row of `x`, `dy` and the row's `weight`.
 */
export const groupsBySubgroups = ({ reads, ...kernel }: NormKernel & { readonly reads: number }) => ({
  ...bySubgroups,
  ...inGroups({
    ...kernel,
    specialise: ({ adapter }, axes, parts) => ({
      parts: rowSpecialisation(axes.cols, parts).parts ?? [],
      constants: { SUBGROUP: adapter.subgroupSize ?? 0, ROWS: rowsAtATime(axes) },
    }),
    together: () => 1,
    bytes: (axes, partials) => {
      const { rows, cols, groups } = axes;
      const turns = rows / rowsAtATime(axes); // as if all groups had whole turns
      return 4 * reads * rows * cols + 4 * turns * cols + 4 * partials * (2 * turns - groups) * cols;
    },
  }),
});
