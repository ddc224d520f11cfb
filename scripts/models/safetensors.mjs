// A model.safetensors of tensors in one type, and the tensors of one; both need a build.

/** The bytes of a file with these tensors, by name `{ shape, values }`, rounded to this type. */
export async function safetensorsOf(dtype, tensors) {
  const { encode } = await import("../../dist/tensor/dtype.js");
  const header = {};
  const data = [];
  let at = 0;
  for (const [name, { shape, values }] of Object.entries(tensors)) {
    const elements = encode(dtype, values);
    const bytes = new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength);
    header[name] = { dtype: dtype.toUpperCase(), shape, data_offsets: [at, at + bytes.length] };
    data.push(bytes);
    at += bytes.length;
  }
  const text = JSON.stringify(header);
  const head = new TextEncoder().encode(text.padEnd(Math.ceil(text.length / 8) * 8));
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(head.length), true);
  return Buffer.concat([length, head, ...data]);
}

/** The tensors of a file in f32, in its order. */
export function tensorsOf(file) {
  const begin = 8 + Number(file.readBigUInt64LE(0));
  const { __metadata__, ...header } = JSON.parse(file.toString("utf8", 8, begin));
  const tensors = Object.entries(header).map(
    ([
      name,
      {
        dtype,
        shape,
        data_offsets: [from, to],
      },
    ]) => {
      if (dtype !== "F32") throw new Error(`${name} is ${dtype}, expected F32`);
      const values = Float32Array.from({ length: (to - from) / 4 }, (_, i) => file.readFloatLE(begin + from + 4 * i));
      return [name, { shape, values }];
    },
  );
  return Object.fromEntries(tensors);
}
