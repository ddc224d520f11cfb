import { bytesPerElement } from "../tensor/dtype.ts";
import { type Shape, sizeOf } from "../tensor/shape.ts";

/** The header of a safetensors file of tensors of one type, one after the other; padded to a multiple of 8 bytes. */
export function safetensorsHeader(
  tensors: readonly { readonly name: string; readonly shape: Shape }[],
  dtype: "f16" | "f32",
): Uint8Array<ArrayBuffer> {
  const entries: Record<string, unknown> = { __metadata__: { format: "pt" } };
  let at = 0;
  for (const { name, shape } of tensors) {
    const end = at + bytesPerElement[dtype] * sizeOf(shape);
    entries[name] = { dtype: dtype.toUpperCase(), shape, data_offsets: [at, end] };
    at = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(entries));
  const length = Math.ceil(json.length / 8) * 8;
  const header = new Uint8Array(8 + length).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(json, 8);
  return header;
}
