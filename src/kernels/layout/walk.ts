import vectorFour from "#shaders/lib/vector/four.wgsl";
import vectorOne from "#shaders/lib/vector/one.wgsl";
import walkFlat from "#shaders/lib/walk/flat.wgsl";
import walkStrided from "#shaders/lib/walk/strided.wgsl";
import type { ShaderModule } from "../../gpu/shader/shader-module.ts";
import { formatShape, type Shape, ShapeError, sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { KernelContext } from "../define/kernel.ts";

/** Number of axes that `lib/walk/strided` supports. */
export const axesWalked = 4;

/** One axis of a walk, with each tensor's stride along it: 0 where it is repeated. */
interface WalkAxis {
  readonly size: number;
  readonly steps: readonly number[];
}

/** The order in which a kernel visits the elements of a result, and where the inputs' elements are. */
export interface Walk {
  /** Shape of the result. */
  readonly shape: Shape;
  /** Names of the inputs, in the order of `steps`. */
  readonly names: readonly string[];
  /** The axes, without those of length 1, and with adjacent ones joined where their strides allow it. */
  readonly axes: readonly WalkAxis[];
}

/** As {@link walker}, but always one element at a time, for kernels that read Vectors. */
export function walkerByOne(walk: Walk, context: KernelContext): Walker {
  const made = walker(walk, context, { single: true });
  return { ...made, parts: [...made.parts, vectorOne] };
}

/** What a walk adds to a kernel: fields of `Params`, parts, and the number of steps. */
interface Walker {
  readonly params: Readonly<Record<string, number>>;
  readonly parts: readonly ShaderModule[];
  /** Results counted in steps of one or four elements; also `params.n`. */
  readonly steps: number;
}

/**
 * Walks `shape` over tensors that are broadcast to it (axes are matched from the last, one of length 1 is repeated).
 * `shape` must be their broadcast shape.
 */
export function walkOver(shape: Shape, tensors: Readonly<Record<string, Tensor>>): Walk {
  const names = Object.keys(tensors);
  const all = Object.values(tensors);
  const axes: WalkAxis[] = [];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis] ?? 1;
    if (size === 1) continue;
    const steps = all.map((tensor) => {
      const own = axis - shape.length + tensor.shape.length;
      return (tensor.shape[own] ?? 1) === 1 ? 0 : (tensor.strides[own] ?? 0);
    });
    const inner = axes[0];
    if (inner?.steps.every((step, i) => steps[i] === step * inner.size)) {
      axes[0] = { size: size * inner.size, steps: inner.steps };
    } else axes.unshift({ size, steps });
  }
  return { shape, names, axes };
}

/** Throws `ShapeError` when a walk has more axes than a kernel takes. */
export function checkWalk(what: string, walk: Walk): void {
  if (walk.axes.length <= axesWalked) return;
  const sizes = formatShape(walk.axes.map(({ size }) => size));
  throw new ShapeError(
    `${what}: ${formatShape(walk.shape)} is walked along ${walk.axes.length} axes ${sizes} that are not contiguous ` +
      `in ${walk.names.join(", ")}; ${axesWalked} are possible; call contiguous on the views first`,
  );
}

interface WalkerOptions {
  readonly prefixes?: Readonly<Record<string, string>>;
  readonly single?: boolean;
  readonly most?: number;
}

/** Whether every input of a walk allows steps of `width` neighbours; `firsts` are their first elements. */
export function walksBy({ axes }: Walk, firsts: readonly number[], width: number): boolean {
  const inner = axes.at(-1);
  return (
    inner !== undefined &&
    inner.size % width === 0 &&
    inner.steps.every((step) => step === 1) &&
    axes.slice(0, -1).every(({ steps }) => steps.every((step) => step % width === 0)) &&
    firsts.every((first) => first % width === 0)
  );
}

/**
 * Parts and `Params` fields for a walk: `n` (steps), `d1` to `d3`, and for each input its first element and four
 * strides (`a`, `a0` to `a3`). Steps have `most` elements, default four, where every input allows it, unless the kernel
 * requires `single` ones. `prefixes` gives the field names of inputs with long names.
 */
export function walker(
  walk: Walk,
  context: KernelContext,
  { prefixes = {}, single = false, most = 4 }: WalkerOptions = {},
): Walker {
  const { names, axes } = walk;
  const inner = axes.at(-1);
  const outer = axes.slice(0, -1);
  const firsts = names.map((name) => context.offsets[name] ?? 0);
  const byMost = !single && walksBy(walk, firsts, most);
  const width = byMost ? most : 1;
  const flat = outer.length === 0 && (inner === undefined || inner.steps.every((step) => step === 1));
  const padded = Array.from({ length: axesWalked }, (_, i) => axes[i - axesWalked + axes.length]);
  const innermost = axesWalked - 1;
  const steps = sizeOf(walk.shape) / width;
  const params: Record<string, number> = { n: steps };
  padded.forEach((axis, i) => {
    const scale = i === innermost ? 1 : width; // a step of several along the innermost axis goes one Vector further
    if (i > 0) params[`d${i}`] = (axis?.size ?? 1) / (i === innermost ? width : 1);
    names.forEach((name, input) => {
      params[`${prefixes[name] ?? name}${i}`] = (axis?.steps[input] ?? 0) / scale;
    });
  });
  names.forEach((name, input) => {
    params[prefixes[name] ?? name] = (firsts[input] ?? 0) / width;
  });
  const vector = byMost ? [vectorFour] : [vectorOne];
  return { params, parts: [flat ? walkFlat : walkStrided, ...(single ? [] : vector)], steps };
}
