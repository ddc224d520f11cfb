// How a kernel becomes a variant of `gemm`.
import storesVectors from "#shaders/gemm/stores/vectors.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import type { ShaderModule } from "../../gpu/shader/shader-module.ts";
import type { Shader } from "../../gpu/shader/specialise.ts";
import { formatShape, ShapeError } from "../../tensor/shape.ts";
import { reshape } from "../../tensor/views.ts";
import { defineKernel, type KernelContext } from "../define/kernel.ts";
import { elementParts, operandsOf, quadsOf } from "./operands.ts";
import {
  epilogue,
  type GemmOptions,
  type GemmResult,
  type GemmTensors,
  type GemmWork,
  gemmCost,
  gemmParams,
  storing,
} from "./problem.ts";

type Axes = Readonly<Record<"b" | "h" | "m" | "k" | "n", number>>;

/** A kernel of the ladder: its file, how it loads, and what depends on its tiles. */
interface Rung {
  readonly name: string;
  readonly source: ShaderModule;
  /** One element at a time, or quads of 4 × 4, whose rows are then stored whole where n is a multiple of 4. */
  readonly loads: "elements" | "quads";
  readonly constants?: (axes: Axes, context: KernelContext) => Readonly<Record<string, number>>;
  /** Rows and columns of a workgroup's tile; none where a thread has one result, wherever it lies. */
  readonly tile?: (shader: Shader) => { readonly rows: number; readonly columns: number };
  /** Work of one product of the batch. */
  readonly work: (axes: Axes, shader: Shader) => GemmWork;
}

/** The variant of a rung. */
export function rungOf({ name, source, loads, constants, tile, work }: Rung) {
  const grid = tile
    ? {
        workgroups: ({ b, h, m, n }: Axes, _options: object, _context: KernelContext, shader: Shader) => {
          const { rows, columns } = tile(shader);
          return [Math.ceil(n / columns), Math.ceil(m / rows), b * h] as const;
        },
      }
    : { threads: ({ b, h, m, n }: Axes) => b * h * m * n };
  const kernel = defineKernel({
    name,
    source,
    ...storing,
    params: gemmParams,
    specialise: (axes: Axes, options: GemmOptions, context) => {
      const last = epilogue(options, context);
      return {
        parts: [
          ...(loads === "quads" ? quadsOf(axes, context).parts : elementParts(context)),
          ...(loads === "quads" && axes.n % 4 === 0 ? [storesVectors] : []),
          ...last.parts,
        ],
        constants: { ...constants?.(axes, context), ...last.constants },
      };
    },
    ...grid,
    cost: (axes: Axes, options: GemmOptions, context: KernelContext, shader: Shader) =>
      gemmCost(
        axes,
        options,
        context,
        work(axes, shader),
        loads === "quads" ? quadsOf(axes, context).vectors : undefined,
      ),
  });
  return variantOf((gpu, tensors, options) => kernel(gpu, tensors, options));
}

/** A variant that records these dispatches on operands with four axes. */
export function variantOf(record: (gpu: Gpu, tensors: GemmTensors, options: GemmOptions) => GemmResult) {
  return {
    record: (gpu: Gpu, { bias, ...operands }: GemmTensors, { into, ...options }: GemmOptions): GemmResult => {
      const { a, b, shape } = operandsOf(operands);
      const four = [a.shape[0] ?? 1, a.shape[1] ?? 1, ...shape.slice(-2)];
      if (into?.y && formatShape(into.y.shape) !== formatShape(shape)) {
        throw new ShapeError(`gemm: into.y is ${formatShape(into.y.shape)}, expected ${formatShape(shape)}`);
      }
      if (options.accumulate && !into?.y) {
        throw new ShapeError("gemm: accumulate without into.y, expected the memory that is added to");
      }
      const given = into?.y ? { into: { y: reshape(into.y, four) } } : {};
      const { y } = record(gpu, { a, b, ...(bias ? { bias } : {}) }, { ...options, ...given });
      return { y: reshape(y, shape) };
    },
  };
}

/** Work of a kernel whose tiles are zero past the edges: it loads what lies inside, and computes all. */
export const tileWork = ({ m, k, n }: Axes, rows: number, columns: number, depth: number): GemmWork => {
  const [down, across] = [Math.ceil(m / rows), Math.ceil(n / columns)];
  return {
    products: down * rows * across * columns * Math.ceil(k / depth) * depth,
    a: m * k * across,
    b: n * k * down,
  };
};
