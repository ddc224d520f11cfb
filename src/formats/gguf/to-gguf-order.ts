// Tensors in GGUF's order, made of those of a Hugging Face checkpoint.
import { bytesPerElement, elementsOf } from "../../tensor/dtype.ts";
import { decodePlanes } from "../../tensor/formats.ts";
import { FormatError } from "../format-error.ts";
import { elementsIn, type Made } from "../grouped.ts";
import { dtypeOf, type StoredTensor } from "../safetensors.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** A tensor of another shape that is made of `tensor`, of elements of the same type. */
const shaped = (tensor: StoredTensor, shape: readonly number[]): StoredTensor => {
  const made = { ...tensor, shape };
  return { ...made, end: made.begin + elementsIn(made) * bytesPerElement[dtypeOf(tensor)] };
};

/** The rows of queries or keys, the two of a rotated pair next to one another. */
export function ggufHeadOrder(tensor: StoredTensor, heads: number): Made {
  const [rows = 0] = tensor.shape;
  const half = rows / heads / 2;
  if (!Number.isInteger(half) || half === 0) {
    throw new FormatError(tensor.file, `has ${rows} rows for ${heads} heads`, { field: tensor.name });
  }
  const row = (tensor.end - tensor.begin) / rows;
  const make = ([group = new Uint8Array()]: readonly Bytes[]) => {
    const out = new Uint8Array(group.length);
    for (let i = 0; i < 2 * half; i++) {
      const to = i < half ? 2 * i : 2 * (i - half) + 1;
      out.set(group.subarray(i * row, (i + 1) * row), to * row);
    }
    return out;
  };
  return [{ ...tensor }, { groups: heads, sources: [tensor], make }];
}

/** The weight of a norm with 1 added, as f32. */
export function moreOne(tensor: StoredTensor): Made {
  const dtype = dtypeOf(tensor);
  const made = { ...tensor, dtype: "F32", end: tensor.begin + 4 * elementsIn(tensor) };
  const make = ([bytes = new Uint8Array()]: readonly Bytes[]) => {
    const data = elementsOf(dtype, bytes.slice().buffer);
    return new Uint8Array(new Float32Array(decodePlanes(dtype, [data.length], { data }).map((w) => w + 1)).buffer);
  };
  return [made, { groups: 1, sources: [tensor], make }];
}

/** Every second element of the last axis: the first and the third, or the second and the fourth. */
export function halfOf(tensor: StoredTensor, which: number): Made {
  const columns = tensor.shape.at(-1) ?? 0;
  if (columns % 2 !== 0) throw new FormatError(tensor.file, `has rows of ${columns}`, { field: tensor.name });
  const width = bytesPerElement[dtypeOf(tensor)];
  const make = ([bytes = new Uint8Array()]: readonly Bytes[]) => {
    const out = new Uint8Array(bytes.length / 2);
    for (let at = 0; at < out.length; at += width) {
      out.set(bytes.subarray(2 * at + which * width, 2 * at + (which + 1) * width), at);
    }
    return out;
  };
  return [shaped(tensor, [...tensor.shape.slice(0, -1), columns / 2]), { groups: 1, sources: [tensor], make }];
}

/** Widths of the heads of latent attention. */
export interface LatentWidths {
  readonly heads: number;
  /** Elements of a head's key that are not rotated. */
  readonly nope: number;
}

/** Of the projection from latents, the keys of each head, transposed (0), or the values (1). */
export function latentPart(tensor: StoredTensor, { heads, nope }: LatentWidths, which: number): Made {
  const [rows = 0, rank = 0] = tensor.shape;
  const width = bytesPerElement[dtypeOf(tensor)];
  const values = rows / heads - nope;
  const fits = Number.isInteger(values) && values > 0 && tensor.shape.length === 2;
  if (!fits) throw new FormatError(tensor.file, `has ${rows} rows for ${heads} heads`, { field: tensor.name });
  const make = ([group = new Uint8Array()]: readonly Bytes[]) => {
    if (which === 1) return group.slice(nope * rank * width);
    const out = new Uint8Array(nope * rank * width);
    for (let row = 0; row < nope; row++) {
      for (let column = 0; column < rank; column++) {
        const from = (row * rank + column) * width;
        out.set(group.subarray(from, from + width), (column * nope + row) * width);
      }
    }
    return out;
  };
  const shape = which === 0 ? [heads, rank, nope] : [heads, values, rank];
  return [shaped(tensor, shape), { groups: heads, sources: [tensor], make }];
}
