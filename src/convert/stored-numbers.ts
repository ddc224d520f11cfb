import { type Grouped, withGroups } from "../formats/grouped.ts";
import { type StoredTensor, storageOf } from "../formats/safetensors/safetensors.ts";
import { type Weights, withTensors } from "../formats/weights.ts";
import { transposed } from "../models/weights/stored-rows.ts";
import { elementsOf, isPlain } from "../tensor/dtype.ts";
import type { Planes } from "../tensor/formats/format.ts";
import { decodePlanes, formats } from "../tensor/formats/formats.ts";

/** Decodes bytes of a tensor: floats, or blocks of GGUF files, whose codecs must be loaded. */
export function storedNumbers(tensor: StoredTensor, bytes: Uint8Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const dtype = storageOf(tensor);
  const { ggml, planes } = formats[dtype];
  if (isPlain(dtype)) {
    const data = elementsOf(dtype, bytes.slice().buffer);
    return decodePlanes(dtype, [data.length], { data });
  }
  const split = ggml?.split(bytes) ?? { data: new Uint8Array() };
  return decodePlanes(dtype, [1, Number(planes.data.elements)], split);
}

/** The smallest readable unit of a tensor in bytes: an element, or a block. */
export function unitBytes(tensor: StoredTensor): number {
  const { ggml, planes } = formats[storageOf(tensor)];
  return ggml?.bytes ?? planes.data.bytes;
}

/**
 * Weights in which matrices stored in planes, or transposed, appear as in a folder of floats: f32, decoded exactly.
 * Codecs must be loaded before reading.
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
