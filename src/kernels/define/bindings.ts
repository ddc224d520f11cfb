import { GpuError } from "../../gpu/errors.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import type { Binding } from "../../gpu/program/dispatch.ts";
import type { BindingDeclaration } from "../../gpu/shader/shader-module.ts";
import { bytesPerElement, type DType } from "../../tensor/dtype.ts";
import { columnsOf, formats, isPlain, planeRowBytes } from "../../tensor/formats/formats.ts";
import type { Segment } from "../../tensor/segments.ts";
import { formatShape, type Shape, ShapeError, sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** What a kernel accepts for an argument. */
export interface Acceptance {
  readonly types: readonly DType[];
  /** Views with any strides and offset. */
  readonly strided: boolean;
  /** Tensors in several segments. */
  readonly segmented: boolean;
}

/** Throws `ShapeError` unless `tensor` is what a kernel accepts for `argument`. */
export function checkTensor(gpu: Gpu, argument: string, tensor: Tensor, accepts: Acceptance): void {
  const is = `${argument} is ${tensor.dtype} ${formatShape(tensor.shape)}`;
  if (!accepts.types.includes(tensor.dtype)) throw new ShapeError(`${is}, expected ${accepts.types.join(" or ")}`);
  if (tensor.gpu !== gpu) throw new ShapeError(`${is} on another device (${tensor.gpu.adapter.label})`);
  if (tensor.storages.some(({ state }) => state === "disposed")) throw new ShapeError(`${is}, and was disposed`);
  if (tensor.segments.length > 1 && !accepts.segmented) {
    throw new ShapeError(`${is} in ${tensor.segments.length} segments, expected one`);
  }
  if (accepts.strided) return;
  if (!tensor.contiguous || !planesOf(tensor).every((name) => bytesBefore(tensor, name) % 256 === 0)) {
    throw new ShapeError(
      `${is}, a view with strides ${formatShape(tensor.strides)} from element ${tensor.offset}, expected contiguous ` +
        "memory from a multiple of 256 bytes; call contiguous first",
    );
  }
}

/** Throws `ShapeError` unless a result of this shape and type can be written into `into`. */
export function checkInto(gpu: Gpu, argument: string, into: Tensor, shape: Shape, accepts: Acceptance): void {
  if (formatShape(into.shape) !== formatShape(shape)) {
    throw new ShapeError(`${argument} is ${formatShape(into.shape)}, expected ${formatShape(shape)}`);
  }
  checkTensor(gpu, argument, into, accepts);
}

/**
 * First element of a tensor's binding within the storage: the last multiple of 256 bytes not after the tensor's first
 * element.
 */
export function boundOffset(tensor: Tensor): number {
  if (!isPlain(tensor.dtype)) return tensor.offset; // a multiple, as was checked
  const elements = 256 / bytesPerElement[tensor.dtype];
  return Math.floor(tensor.offset / elements) * elements;
}

/** The planes of a tensor. */
const planesOf = ({ dtype }: Tensor): string[] => Object.keys(formats[dtype].planes);

/** The names of a tensor's bindings, each with the plane that is bound to it: `weight`, `weight_scales`, … */
export const bindingsOf = (key: string, tensor: Tensor): (readonly [name: string, plane: string])[] =>
  planesOf(tensor).map((plane) => [plane === "data" ? key : `${key}_${plane}`, plane]);

/** Bytes of `count` elements of a plane; whole rows where the format has blocks. */
function bytesIn({ dtype, shape }: Tensor, plane: string, count: number): number {
  if (isPlain(dtype)) return count * bytesPerElement[dtype];
  const columns = columnsOf(shape);
  return (count / columns) * (planeRowBytes(dtype, columns)[plane] ?? 0);
}

const bytesBefore = (tensor: Tensor, plane: string) => bytesIn(tensor, plane, tensor.offset);

/** Binds a plane of a tensor, or of a segment of it. */
export function bind(
  kernel: string,
  declared: BindingDeclaration,
  tensor: Tensor,
  plane: string,
  segment?: Segment,
): Binding {
  const shape = segment ? [segment.end - segment.begin, ...tensor.shape.slice(1)] : tensor.shape;
  const { group, binding, name, access } = declared;
  const only = segment ?? (tensor.segments.length === 1 ? tensor.segments[0] : undefined);
  const storage = only?.planes?.[plane] ?? only?.storage ?? tensor.storage;
  // A binding cannot be empty; a kernel does not read an empty tensor.
  if (sizeOf(shape) === 0) return { group, binding, name, access, storage, offset: 0, bytes: 16, shape };
  const offset = boundOffset(tensor);
  const reach = tensor.contiguous ? sizeOf(shape) : extent(tensor);
  const unit = elementBytes(declared.type);
  const bytes = Math.ceil(bytesIn(tensor, plane, tensor.offset - offset + reach) / unit) * unit;
  const { binding: limit } = tensor.gpu.limits;
  if (bytes > limit) {
    throw new GpuError(
      `${kernel}: ${name} is ${tensor.dtype} ${formatShape(shape)} and takes ${bytes} bytes, more than the ${limit} ` +
        "of one binding here",
    );
  }
  return { group, binding, name, access, storage, offset: bytesIn(tensor, plane, offset), bytes, shape };
}

/**
 * Granularity of bindings in bytes: an array of vectors ends after a whole one. Buffers are multiples of 16 bytes, so
 * after a tensor's last element comes padding or another tensor, which no kernel uses.
 */
function elementBytes(type: string): number {
  const [, width, element] = /^array<vec([24])(?:<(\w+)>|[fiuh])>$/.exec(type) ?? [];
  if (width === undefined) return 4;
  return Number(width) * (element === "f16" || type.endsWith("h>") ? 2 : 4);
}

/** Elements from the first to the last that a strided view touches. */
function extent(tensor: Tensor): number {
  return 1 + tensor.shape.reduce((sum, size, axis) => sum + (size - 1) * (tensor.strides[axis] ?? 0), 0);
}

/** Throws `ShapeError` where a dispatch writes memory that it also binds under another name. */
export function checkAliasing(kernel: string, bindings: readonly Binding[]): void {
  for (const written of bindings) {
    if (written.access !== "read_write") continue;
    const other = bindings.find((binding) => binding !== written && binding.storage === written.storage);
    if (other) {
      throw new ShapeError(`${kernel}: ${written.name} is written and shares its memory with ${other.name}`);
    }
  }
}

/** Bytes moved if each element of each binding moved once. */
export function compulsoryBytes(
  bindings: readonly Binding[],
  bound: ReadonlyMap<string, readonly [tensor: Tensor, plane: string, key: string]>,
): number {
  return bindings.reduce((sum, { name, shape }) => {
    const [tensor, plane = ""] = bound.get(name) ?? [];
    return sum + (tensor ? bytesIn(tensor, plane, sizeOf(shape)) : 0);
  }, 0);
}
