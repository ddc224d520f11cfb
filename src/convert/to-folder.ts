import { FormatError } from "../formats/format-error.ts";
import { readGguf, readTokenizer } from "../formats/gguf/entry.ts";
import { type DeltaNetHeads, packed } from "../formats/gguf/value-heads.ts";
import { type Grouped, withGroups } from "../formats/grouped.ts";
import { readJson, readText } from "../formats/read-text.ts";
import type { StoredTensor } from "../formats/safetensors/safetensors.ts";
import { safetensorsHeader } from "../formats/safetensors/safetensors-header.ts";
import type { FileSource } from "../formats/source.ts";
import type { Weights } from "../formats/weights.ts";
import { readModelFolder } from "../generate/load/model-folder.ts";
import { modelType, readAnyArchitecture } from "../models/decoders/architectures.ts";
import { configJson, type StateConfig } from "../models/decoders/config.ts";
import { transposed } from "../models/weights/stored-rows.ts";
import { elementsOf, encode } from "../tensor/dtype.ts";
import { encodePlanes } from "../tensor/formats/formats.ts";
import { loadPackedFormats } from "../tensor/formats/packed.ts";
import { expertsApart } from "./separate-experts.ts";
import { deltaNetHeads } from "./state-metadata.ts";
import { dequantised, storedNumbers, unitBytes } from "./stored-numbers.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** The files of a Hugging Face folder, made from a GGUF file or a quantised folder. */
export interface FolderWriting {
  /** Texts of the small files by name. */
  readonly files: Readonly<Record<string, string>>;
  /** Bytes of `model.safetensors`. */
  readonly bytes: number;
  /** Its bytes in order. */
  readonly pieces: () => AsyncGenerator<Bytes>;
  readonly warnings: readonly string[];
}

/** Numbers converted at a time. */
const pieceElements = 1 << 20;
const bytesPerHalf = 2;

/** The number of elements of a shape. */
const sizeOf = (shape: readonly number[]) => shape.reduce((product, extent) => product * extent, 1);

/** The numbers in a file's bytes as a folder has them: minus what the file has added, and logarithms of decays. */
function numbersOf(tensor: StoredTensor, bytes: Bytes): Float64Array {
  const { added, negExp, file, name } = tensor;
  const stored = storedNumbers(tensor, bytes);
  if (negExp) {
    const wrong = stored.find((value) => !(value < 0));
    if (wrong !== undefined) throw new FormatError(file, `has ${wrong}, expected numbers below 0`, { field: name });
    return stored.map((value) => Math.log(-value));
  }
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
    // The file has the transposed matrix, the folder the one of this shape.
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

/** A folder with all of these tensors as f16, under its architecture's names, and these small files. */
function folderWriting(
  given: Weights,
  architecture: string,
  files: Readonly<Record<string, string>>,
  warnings: readonly string[],
  state?: StateConfig,
): FolderWriting {
  const { tensors, weights } = folderTensors(given, architecture, state);
  const header = safetensorsHeader(tensors, "f16");
  async function* pieces(): AsyncGenerator<Bytes> {
    await loadPackedFormats();
    yield header;
    for (const { parts } of tensors) for (const part of parts) yield* halves(weights, part);
  }
  const bytes = tensors.reduce((sum, { shape }) => sum + bytesPerHalf * sizeOf(shape), header.length);
  return { files, bytes, pieces, warnings };
}

/** Values of `model_type` that do not follow from the architecture's name. */
const types: Readonly<Record<string, string>> = {
  Gemma3ForCausalLM: "gemma3_text",
  Qwen3_5ForCausalLM: "qwen3_5_text",
  Qwen3_5MoeForCausalLM: "qwen3_5_moe_text",
  SmolLM3ForCausalLM: "smollm3",
};

/** The `model_type` of an architecture, by which transformers finds its code. */
const typeOf = (architecture: string): string => types[architecture] ?? modelType(architecture);

/**
 * Plans the Hugging Face folder of a GGUF file, with all weights as f16.
 *
 * @throws FormatError for an invalid file, or an unknown model or tokenizer.
 */
export async function toFolder(source: FileSource, file: string): Promise<FolderWriting> {
  const { config, facts, weights } = await readGguf(source, file);
  const architecture = String(config["architectures"]);
  const tokens = readTokenizer(facts.reader);
  const isNext = architecture === "Qwen3NextForCausalLM";
  const { state } = isNext ? (await readAnyArchitecture(config, configJson)).config : {};
  const files = {
    "config.json": printed({ ...config, model_type: typeOf(architecture), torch_dtype: "float16" }),
    "generation_config.json": printed(tokens.generation),
    "tokenizer_config.json": printed(tokens.config),
    "tokenizer.json": printed(tokens.tokenizer),
  };
  return folderWriting(weights, architecture, files, tokens.warnings, state);
}

/** Small files of a folder that are copied unchanged. */
export const keptFiles = ["generation_config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja"];

/** Whether the matrices of a folder with this parsed `config.json` are quantised. */
export const isQuantised = (config: unknown): boolean =>
  ((config as { readonly quantization_config?: unknown } | null)?.quantization_config ?? undefined) !== undefined;

/**
 * Plans the folder for a quantised one, with all weights decoded to the nearest f16.
 *
 * @throws FormatError for a folder that is invalid or not quantised.
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

// The tensors of a folder: those of a checkpoint, with experts as in transformers.

/** A tensor of a folder: tensors of a checkpoint, concatenated. */
interface FolderTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly parts: readonly StoredTensor[];
}

/** The input for writing a folder. */
interface FolderTensors {
  readonly tensors: readonly FolderTensor[];
  /** Reads the parts. */
  readonly weights: Weights;
}

/** Architectures with stacked, transposed expert matrices, gates and ups in alternating columns. */
const stacked: ReadonlySet<string> = new Set(["GptOssForCausalLM"]);

/** Matrices `[out, in]` as f16 `[in, out of all]`, with their columns alternating. */
function columnsOf(name: string, matrices: readonly StoredTensor[]): readonly [StoredTensor, Grouped] {
  const [first] = matrices;
  const [out = 0, input = 0] = first?.shape ?? [];
  const [all, begin] = [matrices.length * out, first?.begin ?? 0];
  const make = (sources: readonly Bytes[]) => {
    const numbers = new Float64Array(input * all);
    for (const [which, bytes] of sources.entries()) {
      const own = storedNumbers(matrices[which] as StoredTensor, bytes);
      for (let row = 0; row < out; row++) {
        const column = row * matrices.length + which;
        for (let i = 0; i < input; i++) numbers[i * all + column] = own[row * input + i] ?? 0;
      }
    }
    const { buffer, byteOffset, byteLength } = encode("f16", numbers);
    return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
  };
  const { file = "" } = first ?? {};
  const tensor = { name, file, dtype: "F16", shape: [input, all], begin, end: begin + 2 * input * all };
  return [tensor, { groups: 1, sources: matrices, make }];
}

/** Packs the projections of Qwen3-Next's gated DeltaNets, which GGUF files have in two tensors each. */
function packProjections(tensors: Map<string, FolderTensor>, heads: DeltaNetHeads): void {
  for (const [name, { parts, shape }] of [...tensors]) {
    const [qkv] = parts;
    const gates = name.replace(/in_proj_qkv\.weight$/, "in_proj_z.weight");
    const [other] = tensors.get(gates)?.parts ?? [];
    if (gates === name || !qkv || !other) continue;
    const packedName = name.replace(/qkv\.weight$/, "qkvz.weight");
    const rows = (shape[0] ?? 0) + (other.shape[0] ?? 0);
    for (const old of [name, gates]) tensors.delete(old);
    tensors.set(packedName, { name: packedName, shape: [rows, shape[1] ?? 0], parts: packed([qkv, other], heads) });
  }
}

/** The tensors of an architecture's folder, from weights with separate experts. */
function folderTensors(weights: Weights, architecture: string, state?: StateConfig): FolderTensors {
  const tensors = new Map<string, FolderTensor>();
  const experts = new Map<string, Map<string, StoredTensor>>();
  for (const [name, tensor] of weights.tensors) {
    const [, base = "", expert, which = ""] = /^(.+\.experts)\.(\d+)\.(gate|up|down)_proj\.weight$/.exec(name) ?? [];
    if (expert === undefined || !stacked.has(architecture)) {
      tensors.set(name, { name, shape: tensor.shape, parts: [tensor] });
      continue;
    }
    const own = experts.get(base) ?? new Map<string, StoredTensor>();
    own.set(`${expert}.${which}`, tensor);
    experts.set(base, own);
  }
  const made = new Map<StoredTensor, Grouped>();
  for (const [base, own] of experts) {
    const count = own.size / 3;
    for (const [name, projections] of [
      ["gate_up_proj", ["gate", "up"]],
      ["down_proj", ["down"]],
    ] as const) {
      const parts = Array.from({ length: count }, (_, expert) => {
        const matrices = projections.map((which) => {
          const found = own.get(`${expert}.${which}`);
          if (found) return found;
          throw new FormatError(weights.file, "is missing", { field: `${base}.${expert}.${which}_proj.weight` });
        });
        const [part, grouped] = columnsOf(`${base}.${name}`, matrices);
        made.set(part, grouped);
        return part;
      });
      tensors.set(`${base}.${name}`, {
        name: `${base}.${name}`,
        shape: [parts.length, ...(parts[0]?.shape ?? [])],
        parts,
      });
    }
  }
  if (state?.kind === "delta-net") packProjections(tensors, deltaNetHeads(state));
  return { tensors: [...tensors.values()], weights: withGroups(weights, made) };
}
