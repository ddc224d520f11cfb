import { type StoredTensor, storageOf } from "../formats/safetensors.ts";
import { elementsOf, isPlain } from "../tensor/dtype.ts";
import { decodePlanes, formats } from "../tensor/formats.ts";

/** The numbers that bytes of a tensor stand for: of floats, or of blocks of GGUF files, whose codecs have to be loaded. */
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

/** Bytes of a tensor that are read by themselves: an element, or a block. */
export function unitBytes(tensor: StoredTensor): number {
  const { ggml, planes } = formats[storageOf(tensor)];
  return ggml?.bytes ?? planes.data.bytes;
}
