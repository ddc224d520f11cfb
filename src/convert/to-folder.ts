import { FormatError } from "../formats/format-error.ts";
import { readGguf, readTokenizer } from "../formats/gguf/entry.ts";
import { readJson, readText } from "../formats/read-text.ts";
import type { StoredTensor } from "../formats/safetensors.ts";
import { safetensorsHeader } from "../formats/safetensors-header.ts";
import type { FileSource } from "../formats/source.ts";
import type { Weights } from "../formats/weights.ts";
import { readModelFolder } from "../generate/model-folder.ts";
import { modelType } from "../models/architectures.ts";
import { transposed } from "../models/stored-rows.ts";
import { elementsOf } from "../tensor/dtype.ts";
import { loadCodecs } from "../tensor/formats/packed.ts";
import { encodePlanes } from "../tensor/formats.ts";
import { dequantised } from "./dequantised.ts";
import { expertsApart } from "./experts-apart.ts";
import { folderTensors } from "./folder-tensors.ts";
import { storedNumbers, unitBytes } from "./stored-numbers.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** The files of a Hugging Face folder, made of a GGUF file or of a quantised folder. */
export interface FolderWriting {
  /** Texts of the small files by their names. */
  readonly files: Readonly<Record<string, string>>;
  /** Bytes of `model.safetensors`. */
  readonly bytes: number;
  /** Its bytes in order. */
  readonly pieces: () => AsyncGenerator<Bytes>;
  readonly warnings: readonly string[];
}

/** Numbers that are converted at a time. */
const pieceElements = 1 << 20;
const bytesPerHalf = 2;

/** The number of elements of a shape. */
const sizeOf = (shape: readonly number[]) => shape.reduce((product, extent) => product * extent, 1);

/** The numbers of bytes that a file holds, without what it has added to them. */
function numbersOf(tensor: StoredTensor, bytes: Bytes): Float64Array {
  const { added } = tensor;
  const stored = storedNumbers(tensor, bytes);
  return added === undefined ? stored : stored.map((value) => value - added);
}

/** A tensor's elements as f16, in order. */
async function* halves(weights: Weights, tensor: StoredTensor): AsyncGenerator<Bytes> {
  const size = tensor.end - tensor.begin;
  if (size === 0) return;
  const half = (numbers: ArrayLike<number>) => {
    const { data } = encodePlanes("f16", [numbers.length], numbers);
    return new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
  };
  if (tensor.transposed) {
    // The file holds the transposed matrix, and a folder the one of this shape.
    const numbers = numbersOf(tensor, await weights.read(tensor, 0, size));
    const stored = elementsOf("f16", half(numbers).slice().buffer);
    const { buffer } = transposed(stored, tensor.shape.toReversed());
    yield new Uint8Array(buffer as ArrayBuffer);
    return;
  }
  const bytesPerPiece = Math.floor((pieceElements / sizeOf(tensor.shape)) * size);
  const unit = unitBytes(tensor);
  const step = Math.max(unit, Math.floor(bytesPerPiece / unit) * unit);
  const reads = Array.from({ length: Math.ceil(size / step) }, (_, i) => ({
    tensor,
    begin: i * step,
    end: Math.min(size, (i + 1) * step),
  }));
  for await (const bytes of weights.readInOrder(reads)) yield half(numbersOf(tensor, bytes));
}

const printed = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;

/** A folder with all of these tensors as f16, under the names that its architecture has for them, and these small files. */
export function folderWriting(
  given: Weights,
  architecture: string,
  files: Readonly<Record<string, string>>,
  warnings: readonly string[],
): FolderWriting {
  const { tensors, weights } = folderTensors(given, architecture);
  const header = safetensorsHeader(tensors, "f16");
  async function* pieces(): AsyncGenerator<Bytes> {
    await loadCodecs();
    yield header;
    for (const { parts } of tensors) for (const part of parts) yield* halves(weights, part);
  }
  const bytes = tensors.reduce((sum, { shape }) => sum + bytesPerHalf * sizeOf(shape), header.length);
  return { files, bytes, pieces, warnings };
}

/** Values of `model_type` that do not follow from the architecture's name. */
const types: Readonly<Record<string, string>> = { Gemma3ForCausalLM: "gemma3_text", SmolLM3ForCausalLM: "smollm3" };

/** The `model_type` of an architecture, by which transformers finds its code. */
const typeOf = (architecture: string): string => types[architecture] ?? modelType(architecture);

/**
 * Plans the Hugging Face folder of a GGUF file, with all weights as f16.
 *
 * @throws FormatError for a file that is invalid, or whose model or tokenizer is not known.
 */
export async function toFolder(source: FileSource, file: string): Promise<FolderWriting> {
  const { config, facts, weights } = await readGguf(source, file);
  const architecture = String(config["architectures"]);
  const tokens = readTokenizer(facts.reader);
  const files = {
    "config.json": printed({ ...config, model_type: typeOf(architecture), torch_dtype: "float16" }),
    "generation_config.json": printed(tokens.generation),
    "tokenizer_config.json": printed(tokens.config),
    "tokenizer.json": printed(tokens.tokenizer),
  };
  return folderWriting(weights, architecture, files, tokens.warnings);
}

/** Small files of a folder that are kept as they are. */
export const keptFiles = ["generation_config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja"];

/** Whether the matrices of a folder with this parsed `config.json` are quantised. */
export const isQuantised = (config: unknown): boolean =>
  ((config as { readonly quantization_config?: unknown } | null)?.quantization_config ?? undefined) !== undefined;

/**
 * Plans the folder of one whose matrices are quantised, with all weights as f16, the nearest to what they stand for.
 *
 * @throws FormatError for a folder that is invalid, or is not quantised.
 */
export async function dequantisedFolder(source: FileSource): Promise<FolderWriting> {
  const { weights, checkpoint, config, warnings, quantisation } = await readModelFolder(source);
  const given = (await readJson(source, "config.json")) as Readonly<Record<string, unknown>>;
  if (!isQuantised(given)) {
    throw new FormatError("config.json", "is missing: the folder's weights are floats already", {
      field: "quantization_config",
    });
  }
  const { quantization_config: settings, ...rest } = given;
  const files: Record<string, string> = { "config.json": printed({ ...rest, torch_dtype: "float16" }) };
  for (const name of keptFiles) if (await source.has(name)) files[name] = await readText(source, name);
  const method = quantisation ?? String((settings as Readonly<Record<string, unknown>>)["quant_method"]);
  const note = `${source.name}: ${method}: what codes stand for is written as f16`;
  const floats = expertsApart(dequantised(weights), checkpoint);
  return folderWriting(floats, config.architecture, files, [...warnings, note]);
}
