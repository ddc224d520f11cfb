import type { Gpu } from "../../gpu/gpu.ts";
import { gather } from "../../kernels/embedding/gather.ts";
import { type Tensor, upload } from "../../tensor/tensor.ts";

/** Numbers from 0 on, by how many they are: kept, since every recording of a device reads the same. */
const counted = new WeakMap<Gpu, Map<number, Tensor>>();

function countTo(gpu: Gpu, count: number): Tensor {
  const known = counted.get(gpu) ?? new Map<number, Tensor>();
  counted.set(gpu, known);
  const numbers = Uint32Array.from({ length: count }, (_, i) => i);
  const found = known.get(count) ?? gpu.unscoped(() => upload(gpu, [count], "u32", numbers, "rows"));
  known.set(count, found);
  return found;
}

/** A weight `[n, k]` of any format as f32: its rows looked up one after the other, as a table's are. */
export const asFloats = (gpu: Gpu, weight: Tensor): Tensor =>
  gather(gpu, { ids: countTo(gpu, weight.shape[0] ?? 0), table: weight }).y;
