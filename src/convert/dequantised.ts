import { type Grouped, withGroups } from "../formats/grouped.ts";
import { type StoredTensor, storageOf } from "../formats/safetensors.ts";
import { type Weights, withTensors } from "../formats/weights.ts";
import { transposed } from "../models/stored-rows.ts";
import type { Planes } from "../tensor/formats/format.ts";
import { decodePlanes } from "../tensor/formats.ts";

/**
 * Weights in which matrices that are stored in the planes of a format, or transposed, are as a folder of floats has them:
 * f32, exactly what the codes stand for. Codecs have to be loaded when they are read.
 */
export function dequantised(weights: Weights): Weights {
  const tensors = new Map(weights.tensors);
  const made = new Map<StoredTensor, Grouped>();
  for (const [name, tensor] of weights.tensors) {
    if (!tensor.planes && !tensor.transposed) continue;
    const { transposed: flag, planes, together, ...rest } = tensor;
    const [out = 0, input = 0] = flag ? tensor.shape.toReversed() : tensor.shape;
    const dtype = storageOf(tensor);
    const groups = flag || (together ?? 0) > input ? 1 : out;
    const make: Grouped["make"] = (bytes) => {
      const names = ["data", ...Object.keys(planes ?? {})];
      const given = planes
        ? (Object.fromEntries(names.map((plane, i) => [plane, bytes[i]])) as unknown as Planes)
        : { data: new Float32Array(bytes[0]?.slice().buffer ?? new ArrayBuffer()) };
      const rows = out / groups;
      const numbers = Float32Array.from(decodePlanes(dtype, [rows, input], given));
      const { buffer } = flag ? transposed(numbers, [rows, input]) : numbers;
      return new Uint8Array(buffer as ArrayBuffer);
    };
    const plain: StoredTensor = { ...rest, dtype: "F32", end: tensor.begin + 4 * out * input };
    tensors.set(name, plain);
    made.set(plain, { groups, sources: [tensor, ...Object.values(planes ?? {})], make });
  }
  return withGroups(withTensors(weights, tensors), made);
}
