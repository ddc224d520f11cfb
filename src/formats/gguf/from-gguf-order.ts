// Tensors in Hugging Face's order, made of those of a GGUF file.
import { elementsOf } from "../../tensor/dtype.ts";
import { decodePlanes, formats, isPlain } from "../../tensor/formats.ts";
import { FormatError } from "../format-error.ts";
import { elementsIn, type Made } from "../grouped.ts";
import { dtypeOf, type StoredTensor, storageOf } from "../safetensors.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const refuse = ({ file, name }: StoredTensor, problem: string): never => {
  throw new FormatError(file, problem, { field: name });
};

/**
 * The rows of queries or keys: of each head, GGUF's `llama` has row i of the first half as row 2i, and of the second half
 * as row 2i + 1.
 */
export function headOrder(same: StoredTensor, tensor: StoredTensor, heads: number): Made {
  const [rows = 0] = tensor.shape;
  const half = rows / heads / 2;
  if (!Number.isInteger(half) || half === 0) {
    return refuse(tensor, `has ${rows} rows for ${heads} heads, expected an even number for each`);
  }
  const row = (tensor.end - tensor.begin) / rows;
  const make = ([group = new Uint8Array()]: readonly Bytes[]) => {
    const out = new Uint8Array(group.length);
    for (let i = 0; i < half; i++) {
      for (const second of [0, 1]) {
        const from = 2 * i + second;
        out.set(group.subarray(from * row, (from + 1) * row), (i + second * half) * row);
      }
    }
    return out;
  };
  const together = (elementsIn(tensor) / rows) * 2 * half;
  return [
    { ...same, together },
    { groups: heads, sources: [tensor], make },
  ];
}

/** Two tensors of equal shapes as one, whose last axis has their elements in turn. */
export function alternating(same: StoredTensor, tensor: StoredTensor, other: StoredTensor): Made {
  checkFloat(tensor);
  checkFloat(other);
  if (String(tensor.shape) !== String(other.shape)) {
    return refuse(tensor, `is [${tensor.shape.join(", ")}], but ${other.name} is [${other.shape.join(", ")}]`);
  }
  const make = (sources: readonly Bytes[]) => {
    const [first, second] = sources.map((bytes) => new Uint32Array(bytes.slice().buffer));
    const out = new Uint32Array(2 * (first?.length ?? 0));
    for (let i = 0; i < out.length; i++) out[i] = (i % 2 === 0 ? first : second)?.[i >> 1] ?? 0;
    return new Uint8Array(out.buffer);
  };
  const shape = [...tensor.shape.slice(0, -1), 2 * (tensor.shape.at(-1) ?? 1)];
  return [made(same, shape), { groups: 1, sources: [tensor, other], make }];
}

/**
 * The projection from latents to keys and values (DeepSeek): of each head, the keys `[rank, nope]`, which are transposed,
 * and the values `[width, rank]`.
 */
export function latentGroups(same: StoredTensor, keys: StoredTensor, values: StoredTensor): Made {
  const [heads = 0, rank = 0, nope = 0] = keys.shape;
  const [others, width = 0, columns] = values.shape;
  if (keys.shape.length !== 3 || values.shape.length !== 3 || others !== heads || columns !== rank || heads === 0) {
    return refuse(
      keys,
      `is [${keys.shape.join(", ")}], which does not fit ${values.name} [${values.shape.join(", ")}]`,
    );
  }
  const make = ([ofKeys = new Uint8Array(), ofValues = new Uint8Array()]: readonly Bytes[]) => {
    const out = new Float32Array((nope + width) * rank);
    const numbers = decoded(keys, ofKeys, nope);
    for (let row = 0; row < nope; row++) {
      for (let column = 0; column < rank; column++) out[row * rank + column] = numbers[column * nope + row] ?? 0;
    }
    out.set(decoded(values, ofValues, rank), nope * rank);
    return new Uint8Array(out.buffer);
  };
  const tensor = made(same, [heads * (nope + width), rank]);
  return [
    { ...tensor, together: (nope + width) * rank },
    { groups: heads, sources: [keys, values], make },
  ];
}

/** A tensor of f32 that is made of others: it has their place in the file, and its own length. */
const made = (same: StoredTensor, shape: readonly number[]): StoredTensor => {
  const tensor = { ...same, shape, dtype: "F32" };
  return { ...tensor, end: tensor.begin + 4 * elementsIn(tensor) };
};

function checkFloat(tensor: StoredTensor): void {
  if (dtypeOf(tensor) !== "f32") refuse(tensor, `is ${tensor.dtype}, expected F32`);
}

/** Rows of `columns` elements as numbers. */
function decoded(tensor: StoredTensor, bytes: Bytes, columns: number): Float64Array {
  const dtype = storageOf(tensor);
  const own = bytes.slice();
  if (isPlain(dtype)) return decodePlanes(dtype, [columns], { data: elementsOf(dtype, own.buffer) });
  const planes = formats[dtype].ggml?.split(own);
  return planes ? decodePlanes(dtype, [1, columns], planes) : refuse(tensor, `is ${tensor.dtype}, expected floats`);
}
