import { bytesPerElement, type Elements, type PlainType } from "../../../src/tensor/dtype.ts";

/** A tensor to write. */
export interface WrittenTensor {
  readonly shape: readonly number[];
  readonly dtype: PlainType;
  readonly elements: Elements;
}

/** The bytes of a safetensors file: an 8-byte length, a JSON header, the data in order. */
export function safetensors(tensors: Readonly<Record<string, WrittenTensor>>): Uint8Array<ArrayBuffer> {
  const header: Record<string, unknown> = {};
  let at = 0;
  for (const [name, { shape, dtype, elements }] of Object.entries(tensors)) {
    const bytes = elements.length * bytesPerElement[dtype];
    header[name] = { dtype: dtype.toUpperCase(), shape, data_offsets: [at, at + bytes] };
    at += bytes;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const file = new Uint8Array(new ArrayBuffer(8 + json.byteLength + at));
  new DataView(file.buffer).setBigUint64(0, BigInt(json.byteLength), true);
  file.set(json, 8);
  at = 8 + json.byteLength;
  for (const { elements } of Object.values(tensors)) {
    file.set(new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength), at);
    at += elements.byteLength;
  }
  return file;
}

/** The f32 tensors of a safetensors file, by name. */
export function readF32(file: Uint8Array): Record<string, Float32Array> {
  const bytes = new Uint8Array(file).buffer; // a copy: a small Buffer of Node is a part of a larger one
  const begin = 8 + Number(new DataView(bytes).getBigUint64(0, true));
  const { __metadata__: _, ...header } = JSON.parse(new TextDecoder().decode(bytes.slice(8, begin)));
  return Object.fromEntries(
    Object.entries<{ data_offsets: [number, number] }>(header).map(
      ([
        name,
        {
          data_offsets: [first, end],
        },
      ]) => [name, new Float32Array(bytes.slice(begin + first, begin + end))],
    ),
  );
}
