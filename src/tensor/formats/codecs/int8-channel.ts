import weight from "#shaders/lib/weight/int8-channel.wgsl";
import wide from "#shaders/lib/wide/int8-channel.wgsl";
import type { Codec, Planes } from "../format.ts";
import { int8 } from "../integers.ts";

/** The scale of each row; files give them as bytes. */
function scalesOf({ scales = new Float32Array() }: Planes): Float32Array {
  const { buffer, byteOffset, byteLength } = scales;
  return new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
}

/** Signed bytes, and a scale of f32 for each row of a matrix, an output channel (LLM.int8, Dettmers et al. 2022). */
export const int8_channel: Codec = {
  name: "int8_channel",
  encode(values: ArrayLike<number>, columns: number) {
    const { data, scales } = int8.encode(values, columns);
    for (let i = 0; i < values.length; i++) {
      if (!Number.isFinite(values[i])) scales[Math.floor(i / columns)] = Number.NaN; // then the whole row is NaN
    }
    return { data, scales };
  },
  decode(planes: Planes, columns: number) {
    const scales = scalesOf(planes);
    return Float64Array.from(planes.data, (byte, i) =>
      Math.fround(((byte << 24) >> 24) * (scales[Math.floor(i / columns)] ?? 0)),
    );
  },
  firstNotFinite(planes: Planes) {
    const scales = scalesOf(planes);
    const row = scales.findIndex((scale) => !Number.isFinite(scale * 128));
    if (row < 0) return undefined;
    return { index: row * (planes.data.length / scales.length), value: scales[row] ?? Number.NaN };
  },
  // A load reads a word of four codes, or four of them, and the scale of the row.
  weight: { part: weight, one: 8, four: 8 },
  wide: () => ({ part: wide, elements: 16, bytes: 20, scaling: { row: 1 } }),
};
