import { FormatError, listed } from "../formats/format-error.ts";
import type { GgufArchitecture } from "../formats/gguf/architectures/architecture.ts";
import type { GgufValue } from "../formats/gguf/header.ts";
import { ggufArchitectures } from "../formats/gguf/model-files.ts";
import { fileTypeNamed, type TensorType, tensorTypeNamed } from "../formats/gguf/types.ts";
import { type NewTensor, paddingAfter, tensorBytes, writeGgufHeader } from "../formats/gguf/write.ts";
import { type WrittenTensor, writtenTensors } from "../formats/gguf/written-tensors.ts";
import { readJson } from "../formats/read-text.ts";
import { dtypeOf, storageOf } from "../formats/safetensors/safetensors.ts";
import type { FileSource } from "../formats/source.ts";
import type { Weights } from "../formats/weights.ts";
import { readModelFolder } from "../generate/load/model-folder.ts";
import type { WeightType } from "../kernels/formats/formats.ts";
import type { Recipe } from "../models/decoders/recipes.ts";
import { matrixTypes, type TypeChoice } from "../models/weights/matrix-types.ts";
import { transposed } from "../models/weights/stored-rows.ts";
import { elementsOf, isFloat, isPlain } from "../tensor/dtype.ts";
import { type DType, decodePlanes, encodePlanes, formats } from "../tensor/formats/formats.ts";
import { loadPackedFormats } from "../tensor/formats/packed.ts";
import { modelMetadata } from "./model-metadata.ts";
import { expertsApart } from "./separate-experts.ts";
import { deltaNetHeads } from "./state-metadata.ts";
import { dequantised, storedNumbers, unitBytes } from "./stored-numbers.ts";
import { tokenizerMetadata } from "./tokenizer-metadata.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Bytes of a checkpoint converted at a time. */
const pieceBytes = 4 << 20;

/** A GGUF file, written piece by piece. */
export interface GgufWriting {
  /** Size of the whole file. */
  readonly bytes: number;
  /** Notes for the user, such as rows that do not divide into a format's blocks. */
  readonly warnings: readonly string[];
  /** Its bytes in order. */
  readonly pieces: () => AsyncGenerator<Bytes>;
}

/** The types of matrices: all one (default f16), or those of a recipe. Vectors are f32. */
export interface ToGgufOptions {
  readonly dtype?: WeightType | undefined;
  readonly weights?: Recipe | undefined;
  /**
   * True applies these types also to matrices that the folder has in blocks of a GGUF type; false (default) copies
   * those bit for bit, since quantising twice loses twice.
   */
  readonly requantise?: boolean | undefined;
}

/** Keys of a model's matrices in recipes, by their names in GGUF files. */
const keys: readonly (readonly [RegExp, string])[] = [
  [/^token_embd\./, "embedding"],
  [/^output\./, "head"],
  [/\.attn_v(_b)?\./, "v"],
  [/\.attn_k_b\./, "v"], // of the same projection
  [/\.attn_k\./, "k"],
  [/\.attn_output\./, "output"],
  [/\.ffn_down/, "down"],
];

/**
 * Matrices that stay f32: routers, the gates of shared experts, learned positions, weights of convolutions, and vectors
 * that are stored as matrices.
 */
const isSmall = (name: string) =>
  /(^|\.)(ffn_gate_inp|ffn_gate_inp_shexp|position_embd|shortconv\.conv|ssm_conv1d|ssm_norm)\.weight$|\.ssm_[ad]$/.test(
    name,
  );

function architectureFor(name: string): GgufArchitecture {
  for (const record of ggufArchitectures.values()) if (record.classes.includes(name)) return record;
  const known = [...ggufArchitectures.values()].flatMap(({ classes }) => classes);
  throw new FormatError("config.json", `is ${name}, which is not written to GGUF; known are ${known.join(", ")}`, {
    field: "architectures",
  });
}

/** The block type of most elements, if most of a folder's matrices are in blocks. */
function commonestDtype(kept: readonly { readonly tensor: WrittenTensor; readonly dtype: DType }[]): DType | undefined {
  const sizeOf = (all: typeof kept) =>
    all.reduce((sum, { tensor: { shape } }) => sum + shape.reduce((product, extent) => product * extent, 1), 0);
  const asStored = kept.filter(
    ({
      tensor: {
        parts: [part],
      },
      dtype,
    }) => part && !isPlain(dtype) && storageOf(part) === dtype,
  );
  return 2 * sizeOf(asStored) > sizeOf(kept) ? asStored[0]?.dtype : undefined;
}

/** The type of a format in GGUF files. */
export function tensorTypeOf(dtype: DType): TensorType {
  if (!isFloat(dtype) && !formats[dtype].ggml) throw new TypeError(`${dtype} is no format of GGUF`);
  return tensorTypeNamed(dtype.toUpperCase());
}

/** Numbers encoded in GGUF's bytes for a format. */
function encoded(dtype: DType, columns: number, numbers: ArrayLike<number>): Uint8Array {
  const planes = encodePlanes(dtype, [numbers.length / columns, columns], numbers);
  const { ggml } = formats[dtype];
  if (ggml) return ggml.join(planes);
  const { buffer, byteOffset, byteLength } = planes.data;
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** The bytes of a GGUF tensor, computed from parts of a checkpoint. */
async function* tensorPieces(weights: Weights, { parts, shape }: WrittenTensor, to: DType): AsyncGenerator<Bytes> {
  const columns = shape.at(-1) ?? 1;
  for (const part of parts) {
    if (part.transposed) {
      const from = dtypeOf(part);
      const whole = await weights.read(part, 0, part.end - part.begin);
      const elements = elementsOf(from, whole.slice().buffer);
      const numbers = decodePlanes(from, [elements.length], { data: transposed(elements, part.shape) });
      yield Uint8Array.from(encoded(to, columns, numbers));
      continue;
    }
    const from = storageOf(part);
    const row = (columns / Number(formats[from].planes.data.elements)) * unitBytes(part);
    const step = row * Math.max(1, Math.floor(pieceBytes / row));
    const size = part.end - part.begin;
    const reads = Array.from({ length: Math.ceil(size / step) }, (_, i) => ({
      tensor: part,
      begin: i * step,
      end: Math.min((i + 1) * step, size),
    }));
    const asIs = from === to && !isPlain(from);
    for await (const bytes of weights.readInOrder(reads)) {
      yield asIs ? bytes : Uint8Array.from(encoded(to, columns, storedNumbers(part, bytes)));
    }
  }
}

/**
 * Plans the GGUF file of a Hugging Face folder.
 *
 * @throws FormatError for a folder that is invalid, or whose model or tokenizer GGUF cannot express.
 */
export async function toGguf(
  source: FileSource,
  { dtype: uniform = "f16", weights: recipe, requantise = false }: ToGgufOptions = {},
): Promise<GgufWriting> {
  const folder = await readModelFolder(source);
  const { config, family, tokenizer, weights: stored, checkpoint, warnings, quantisation } = folder;
  const weights = expertsApart(dequantised(stored), checkpoint);
  const architecture = architectureFor(config.architecture);
  const model = modelMetadata(config, architecture);
  const tokens = tokenizerMetadata({
    tokenizer: (await readJson(source, "tokenizer.json")) as Readonly<Record<string, unknown>>,
    used: tokenizer,
    chatTemplate: await templateOf(source),
    vocabulary: config.vocabulary,
  });
  const { heads, kvHeads, latent, mixture, state } = config;
  const deltaNet = state?.kind === "delta-net" ? deltaNetHeads(state) : undefined;
  const counts = { heads, kvHeads, nope: latent?.nope ?? 0, experts: mixture !== undefined, deltaNet };
  const { tensors, weights: written, left } = writtenTensors(weights, architecture, counts);
  const extras = family.extras?.(config) ?? [];
  const needed = left.filter((name) => !extras.some((pattern) => pattern.test(name)));
  if (needed.length > 0) throw new FormatError(weights.file, `has no name in GGUF for ${listed(needed)}`);

  const types = matrixTypes(recipe ? { weights: recipe } : { dtype: uniform }, config);
  const typeOf = (choose: TypeChoice, stored: DType, columns: number): DType => {
    if (isPlain(stored)) return choose(stored, columns);
    return requantise ? choose("f32", columns) : stored;
  };
  const kept = tensors.map((tensor) => {
    const { name, shape, parts } = tensor;
    const key = keys.find(([pattern]) => pattern.test(name))?.[1] ?? "";
    const layer = Number(/^blk\.(\d+)\./.exec(name)?.[1] ?? 0);
    const stored = parts[0] ? storageOf(parts[0]) : "f32";
    const isMatrix = shape.length >= 2 && !isSmall(name) && !name.endsWith(".bias");
    const dtype = isMatrix ? typeOf(types.of(key, layer), stored, shape.at(-1) ?? 1) : "f32";
    return { tensor, dtype, listed: { name: tensor.name, shape: tensor.shape, type: tensorTypeOf(dtype) } };
  });
  const generated = model.tensors.map(({ name, values }) => ({
    values,
    listed: { name, shape: [values.length], type: tensorTypeNamed("F32") } satisfies NewTensor,
  }));
  const general: [string, GgufValue][] = [
    ["general.architecture", { type: "string", value: architecture.name }],
    ["general.name", { type: "string", value: source.name.split(/[/\\]/).filter(Boolean).at(-1) ?? "model" }],
    [
      "general.file_type",
      { type: "u32", value: fileTypeNamed((commonestDtype(kept) ?? recipe ?? uniform).toUpperCase()) },
    ],
    ["general.quantization_version", { type: "u32", value: 2 }],
  ];
  const all = [...generated.map(({ listed }) => listed), ...kept.map(({ listed }) => listed)];
  const header = writeGgufHeader(new Map([...general, ...model.values, ...tokens]), all);
  async function* pieces(): AsyncGenerator<Bytes> {
    await loadPackedFormats();
    yield header;
    for (const { values, listed } of generated) {
      yield new Uint8Array(Float32Array.from(values).buffer);
      yield new Uint8Array(paddingAfter(listed));
    }
    for (const { tensor, dtype, listed } of kept) {
      yield* tensorPieces(written, tensor, dtype);
      yield new Uint8Array(paddingAfter(listed));
    }
  }
  const bytes = all.reduce((sum, tensor) => sum + tensorBytes(tensor) + paddingAfter(tensor), header.length);
  const notes = quantisation
    ? [`${source.name}: ${quantisation}: what codes stand for is written as ${recipe ?? uniform}`]
    : [];
  return { bytes, warnings: [...warnings, ...model.warnings, ...notes, ...types.notes()], pieces };
}

/** The text of the folder's chat template; the default one of several. */
async function templateOf(source: FileSource): Promise<string | undefined> {
  if (await source.has("chat_template.jinja")) {
    return new TextDecoder().decode(
      await source.read("chat_template.jinja", 0, await source.size("chat_template.jinja")),
    );
  }
  if (!(await source.has("tokenizer_config.json"))) return undefined;
  const { chat_template: given } = (await readJson(source, "tokenizer_config.json")) as Record<string, unknown>;
  if (typeof given === "string") return given;
  if (!Array.isArray(given)) return undefined;
  const standard = (given as Record<string, unknown>[]).find(({ name }) => name === "default");
  return typeof standard?.["template"] === "string" ? standard["template"] : undefined;
}
