// Sizes of the formats of blocks. Their codecs and the shaders that read them take more code than all else of a small
// page, so they are loaded when they are first needed.
import { ShapeError } from "../shape.ts";
import type { Codec, GgmlBlocks, StorageFormat } from "./format.ts";

let loaded: ReadonlyMap<string, Codec> | undefined;

/** Sets the codecs of packed formats, for a program that has them all. */
export function provideCodecs(codecs: ReadonlyMap<string, Codec>): void {
  loaded = codecs;
}

/**
 * Loads the codecs of packed formats and the shader parts that read them: needed by tensors of blocks that are made of
 * numbers, e.g. `tensor(gpu, values, "q4_0")`, and by kernels that take such tensors. Loading a model does it itself, and
 * so does reading a tensor.
 */
export async function loadPackedFormats(): Promise<void> {
  loaded ??= (await import("./codecs/table.ts")).codecs;
}

/** The codec of a packed format, with the parts that read it. Throws `ShapeError` where it is not loaded. */
export function codecOf(name: string): Codec {
  const codec = loaded?.get(name);
  if (codec) return codec;
  const why = loaded
    ? "codecs/table.ts has no codec of it"
    : "its codec is not loaded; await loadPackedFormats() first";
  throw new ShapeError(`${name}: ${why}`);
}

function blocksOf(name: string): Pick<GgmlBlocks, "split" | "join"> {
  const { ggml } = codecOf(name);
  if (ggml) return ggml;
  throw new TypeError(`${name}: GGUF files have no blocks of it`);
}

/** Sizes of a block: its number of elements, its bytes in a file of ggml, and in the planes on the device. */
interface Sizes {
  readonly elements: number;
  readonly bytes: number;
  readonly data: number;
  readonly scales: number;
}

function packed<Name extends string>(name: Name, { elements, bytes, data, scales }: Sizes) {
  return {
    name,
    planes: {
      data: { elements, bytes: data, array: Uint8Array },
      scales: { elements, bytes: scales, array: Uint8Array },
    },
    encode: (values, columns) => codecOf(name).encode(values, columns),
    decode: (planes, columns) => codecOf(name).decode(planes, columns),
    firstNotFinite: (planes) => codecOf(name).firstNotFinite(planes),
    ggml: {
      bytes,
      split: (blocks) => blocksOf(name).split(blocks),
      join: (planes) => blocksOf(name).join(planes),
    },
  } as const satisfies StorageFormat;
}

/** A format that GGUF files have no type for. */
function unlisted<Name extends string, Sizes extends StorageFormat["planes"]>(name: Name, planes: Sizes) {
  return {
    name,
    planes,
    encode: (values, columns) => codecOf(name).encode(values, columns),
    decode: (given, columns) => codecOf(name).decode(given, columns),
    firstNotFinite: (given) => codecOf(name).firstNotFinite(given),
  } as const satisfies StorageFormat;
}

/** Codes of four bits in groups, each with a scale and a zero point. */
const groups = <Name extends string>(name: Name, elements: number) =>
  unlisted(name, {
    data: { elements, bytes: elements / 2, array: Uint8Array },
    scales: { elements, bytes: 4, array: Uint8Array },
  });

/** All packed formats: adding one is a line here, and its codec in the table of `codecs`. */
export const packedFormats = [
  packed("mxfp4", { elements: 32, bytes: 17, data: 16, scales: 1 }),
  packed("q8_0", { elements: 32, bytes: 34, data: 32, scales: 2 }),
  packed("q4_0", { elements: 32, bytes: 18, data: 16, scales: 2 }),
  packed("q4_1", { elements: 32, bytes: 20, data: 16, scales: 4 }),
  packed("q5_0", { elements: 32, bytes: 22, data: 20, scales: 2 }),
  packed("q5_1", { elements: 32, bytes: 24, data: 20, scales: 4 }),
  packed("q2_k", { elements: 256, bytes: 84, data: 64, scales: 20 }),
  packed("q3_k", { elements: 256, bytes: 110, data: 96, scales: 16 }),
  packed("q4_k", { elements: 256, bytes: 144, data: 128, scales: 16 }),
  packed("q5_k", { elements: 256, bytes: 176, data: 160, scales: 16 }),
  packed("q6_k", { elements: 256, bytes: 210, data: 192, scales: 20 }),
  packed("iq4_nl", { elements: 32, bytes: 18, data: 16, scales: 2 }),
  groups("int4_32", 32),
  groups("int4_64", 64),
  groups("int4_128", 128),
  unlisted("int8_channel", {
    data: { elements: 4, bytes: 4, array: Uint8Array },
    scales: { elements: "row", bytes: 4, array: Float32Array },
  }),
] as const;
