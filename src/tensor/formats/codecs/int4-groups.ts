import weight from "#shaders/lib/weight/int4-groups.wgsl";
import wide from "#shaders/lib/wide/int4-groups.wgsl";
import type { ShaderModule } from "../../../gpu/shader/shader-module.ts";
import type { Codec, Planes } from "../format.ts";
import { readHalf, writeHalf } from "./ggml-blocks.ts";

const highest = 15;
/** Codes of 32 elements take 16 bytes: elements i and i + 16 share a byte, as in ggml's blocks. */
const [together, bytes] = [32, 16];

const bytesOf = ({ buffer, byteOffset, byteLength }: Planes[string] = new Uint8Array()) =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** The byte with the code of an element, and the lowest of its bits there. */
const byteOf = (e: number) => Math.floor(e / together) * bytes + (e % bytes);
const shiftOf = (e: number) => (e % together < bytes ? 0 : 4);

/** A part with another GROUP, the elements that share a scale. */
const withGroup = (part: ShaderModule, group: number): ShaderModule => ({
  ...part,
  code: part.code.replace(/(\bconst GROUP\b[^=]*=\s*)\d+/, `$1${group}`),
  declares: { ...part.declares, constants: { ...part.declares.constants, GROUP: String(group) } },
});

/**
 * Integers of 4 bits from 0 on, and for each group of elements of a row a scale and a zero point, both as f16:
 * value = (code − zero) · scale, exact in f32. AWQ (Lin et al. 2023) and GPTQ (Frantar et al. 2022) store weights so.
 */
export function int4Groups(group: 32 | 64 | 128): Codec {
  const encode = (values: ArrayLike<number>) => {
    const data = new Uint8Array(values.length / 2);
    const scales = new Uint8Array((values.length / group) * 4);
    for (let first = 0, at = 0; first < values.length; first += group, at += 4) {
      let [low, high] = [0, 0]; // 0 has a code of its own
      for (let e = first; e < first + group; e++) {
        low = Math.min(low, values[e] ?? 0);
        high = Math.max(high, values[e] ?? 0);
      }
      const scale = writeHalf(scales, at, (high - low) / highest);
      const zero = scale > 0 ? Math.min(highest, Math.round(-low / scale)) : 0;
      writeHalf(scales, at + 2, zero);
      if (!(scale > 0)) continue;
      for (let e = first; e < first + group; e++) {
        const code = Math.min(highest, Math.max(0, Math.ceil((values[e] ?? 0) / scale + zero - 0.5))); // ties go down
        data[byteOf(e)] = (data[byteOf(e)] ?? 0) | (code << shiftOf(e));
      }
    }
    return { data, scales };
  };

  const decode = (planes: Planes): Float64Array<ArrayBuffer> => {
    const [data, scales] = [bytesOf(planes.data), bytesOf(planes["scales"])];
    const out = new Float64Array(data.length * 2);
    for (let first = 0, at = 0; first < out.length; first += group, at += 4) {
      const [scale, zero] = [readHalf(scales, at), readHalf(scales, at + 2)];
      for (let e = first; e < first + group; e++) {
        const code = ((data[byteOf(e)] ?? 0) >> shiftOf(e)) & highest;
        out[e] = Math.fround((code - zero) * scale);
      }
    }
    return out;
  };

  const firstNotFinite = ({ scales: given }: Planes) => {
    const scales = bytesOf(given);
    for (let at = 0; at < scales.length; at += 4) {
      const [scale, zero] = [readHalf(scales, at), readHalf(scales, at + 2)];
      if (!Number.isFinite(scale * zero)) return { index: (at / 4) * group, value: scale * zero };
    }
    return undefined;
  };

  const parts = { weight: withGroup(weight, group), wide: withGroup(wide, group) };
  return {
    name: `int4_${group}`,
    encode,
    decode,
    firstNotFinite,
    // A load reads a word of codes, and the scale with the zero point of its group.
    weight: { part: parts.weight, one: 8, four: 8 },
    wide: () => ({ part: parts.wide, elements: 32, bytes: 20, scaling: { row: 1 } }),
  };
}
