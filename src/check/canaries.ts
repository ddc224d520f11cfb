import type { Gpu } from "../gpu/gpu.ts";
import { checkValue } from "../options/checks.ts";
import { shapeCheck } from "../options/lists.ts";
import { sizeOf } from "../tensor/shape.ts";
import { Tensor, upload } from "../tensor/tensor.ts";

const canary = Math.fround(12345.678);
const frame = 64; // elements before and after: 256 bytes, so that the view can be bound

/** Memory for an f32 result, filled with NaN, between two runs of canaries. */
export interface Framed {
  /** The memory between the canaries, to be written. */
  readonly view: Tensor;
  /** The whole memory, which must be disposed. */
  readonly whole: Tensor;
  /**
   * Reads the canaries: index of the first one overwritten, relative to the first element of the view; undefined if
   * none was.
   */
  outside(): Promise<number | undefined>;
}

/** Allocates memory for an f32 result of this shape, filled with NaN, between two runs of 64 canaries. */
export function framed(gpu: Gpu, shape: readonly number[]): Framed {
  checkValue("framed", "shape", shapeCheck, shape);
  const size = sizeOf(shape);
  const values = new Float32Array(size + 2 * frame).fill(Number.NaN);
  values.fill(canary, 0, frame).fill(canary, frame + size);
  const whole = upload(gpu, [values.length], "f32", values, "framed result");
  const view = new Tensor(gpu, shape, "f32", whole.segments, undefined, frame);
  const outside = async () => {
    const memory = await whole.read();
    const broken = memory.findIndex((value, i) => (i < frame || i >= frame + size) && value !== canary);
    return broken < 0 ? undefined : broken - frame;
  };
  return { view, whole, outside };
}

/**
 * Makes all memory of a device start as NaN and never be reused, so that elements that a kernel does not write show;
 * for devices on which kernels are checked. Returns the device.
 */
export function poisoned(gpu: Gpu): Gpu {
  gpu.buffers.poison = true;
  return gpu;
}
