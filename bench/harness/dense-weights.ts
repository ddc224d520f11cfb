import type { Weights } from "../../src/formats/weights.ts";
import type { DType, storageFormats } from "../../src/index.ts";
import { type Dense, dense } from "../../src/reference/dense.ts";

const elements = { F32: ["f32", Float32Array], F16: ["f16", Uint16Array], BF16: ["bf16", Uint16Array] } as const;

/**
 * A checkpoint's tensors in float64, by name; with `dtype`, matrices are what is left of them in that format. `formats`
 * are the engine's. Throws a RangeError for tensors that are not of floats.
 */
export async function denseWeights(
  weights: Weights,
  formats: typeof storageFormats,
  dtype?: DType,
): Promise<Record<string, Dense>> {
  const tensors: Record<string, Dense> = {};
  for (const { name, shape, dtype: named, begin, end } of weights.tensors.values()) {
    const [stored, Elements] = elements[named as keyof typeof elements] ?? [];
    if (!stored) throw new RangeError(`${name} is ${named}, expected ${Object.keys(elements).join(", ")}`);
    const bytes = await weights.read(weights.get(name), 0, end - begin);
    const data = new Elements(bytes.buffer, bytes.byteOffset, bytes.length / Elements.BYTES_PER_ELEMENT);
    const columns = shape.at(-1) ?? 1;
    const values = formats[stored].decode({ data }, columns);
    // Vectors are f32 on the device whatever the matrices are.
    const { encode, decode } = formats[shape.length < 2 ? stored : (dtype ?? stored)];
    tensors[name] = dense(shape, decode(encode(values, columns), columns));
  }
  return tensors;
}
