import type { Weights } from "../../src/formats/weights.ts";
import type { DType, Planes, storageFormats } from "../../src/index.ts";
import { type Dense, dense } from "../../src/reference/dense.ts";

const plain = { F32: ["f32", Float32Array], F16: ["f16", Uint16Array], BF16: ["bf16", Uint16Array] } as const;

/**
 * A checkpoint's tensors in float64, by name; with `dtype`, matrices are rounded to that format. `formats` are the
 * engine's. Throws a RangeError for tensors that are neither of floats nor of a format's blocks.
 */
export async function denseWeights(
  weights: Weights,
  formats: typeof storageFormats,
  dtype?: DType,
): Promise<Record<string, Dense>> {
  const tensors: Record<string, Dense> = {};
  for (const { name, shape, dtype: named, begin, end } of weights.tensors.values()) {
    const columns = shape.at(-1) ?? 1;
    const bytes = await weights.read(weights.get(name), 0, end - begin);
    const [stored, planes] = planesOf(name, named, bytes, formats);
    const values = formats[stored].decode(planes, columns);
    // Vectors are f32 on the device regardless of the matrices.
    const { encode, decode } = formats[shape.length < 2 ? "f32" : (dtype ?? stored)];
    tensors[name] = dense(shape, dtype ? decode(encode(values, columns), columns) : values);
  }
  return tensors;
}

function planesOf(
  tensor: string,
  named: string,
  bytes: Uint8Array<ArrayBuffer>,
  formats: typeof storageFormats,
): readonly [DType, Planes] {
  const [stored, Elements] = plain[named as keyof typeof plain] ?? [];
  if (stored) {
    return [stored, { data: new Elements(bytes.buffer, bytes.byteOffset, bytes.length / Elements.BYTES_PER_ELEMENT) }];
  }
  const packed = named.toLowerCase() as DType;
  const split = formats[packed]?.ggml?.split;
  if (!split) throw new RangeError(`${tensor} is ${named}, expected floats or a format's blocks`);
  return [packed, split(bytes)];
}
