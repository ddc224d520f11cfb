import { storedNumbers } from "../convert/stored-numbers.ts";
import { keptFiles } from "../convert/to-folder.ts";
import { FormatError } from "../formats/format-error.ts";
import { readJson, readText } from "../formats/read-text.ts";
import type { StoredTensor } from "../formats/safetensors.ts";
import { safetensorsHeader } from "../formats/safetensors-header.ts";
import { type FileSource, readWhole } from "../formats/source.ts";
import type { ModelFolder } from "../generate/model-folder.ts";
import { sizeOf } from "../tensor/shape.ts";
import { slice } from "../tensor/views.ts";
import type { Parameter } from "./parameters.ts";
import { putStored, storedParts } from "./stored-parameters.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** The files of a folder with trained weights. */
export interface TrainedFolder {
  /** Texts of the small files by their names. */
  readonly files: Readonly<Record<string, string>>;
  /** Small files that are no texts, Marian's SentencePiece models. */
  readonly binary?: Readonly<Record<string, Bytes>>;
  /** The file of the weights; default `model.safetensors`. */
  readonly file?: string;
  /** Its bytes. */
  readonly bytes: number;
  /** Its bytes in order, a tensor at a time, as the weights are when they are read. */
  readonly pieces: () => AsyncGenerator<Bytes>;
}

/** Largest SentencePiece model accepted, in bytes. */
const pieceLimit = 128 * 2 ** 20;

/** What is read of a model's folder once more. */
type Read = Pick<ModelFolder, "weights" | "quantisation">;

/** The numbers that a tensor of the checkpoint has in its file. */
type Stored = (tensor: StoredTensor) => Promise<Float64Array<ArrayBuffer>>;

/**
 * A tensor of a checkpoint as its file holds it; undefined where no parameter is in it. Rows that no parameter holds, such as
 * those of a table of positions before the first one, are as they were.
 */
async function wholeTensor(
  tensor: StoredTensor,
  parameters: readonly Parameter[],
  stored: Stored,
): Promise<Float32Array<ArrayBuffer> | undefined> {
  const { name, shape } = tensor;
  const found = parameters.flatMap((parameter) => storedParts(parameter, name).map((part) => ({ parameter, part })));
  if (found.length === 0) return undefined;
  const held = found.reduce((sum, { part }) => sum + ((part.rows[1] - part.rows[0]) / part.members) * part.columns, 0);
  const all = held < sizeOf(shape) ? Float32Array.from(await stored(tensor)) : new Float32Array(sizeOf(shape));
  for (const { parameter, part } of found) {
    const { tensor, stack } = parameter;
    const [begin, end] = part.rows;
    putStored(part, await (stack ? slice(tensor, 0, begin, end) : tensor).read(), all);
  }
  return all;
}

/**
 * What a tensor that no parameter is in is a copy of: a checkpoint may hold an embedding once more, as that of the other
 * stack or as the head. Undefined where it is none.
 */
async function originalOf(
  tensor: StoredTensor,
  tensors: readonly StoredTensor[],
  parameters: readonly Parameter[],
  stored: Stored,
): Promise<StoredTensor | undefined> {
  const { name, shape } = tensor;
  if (shape.length < 2) return undefined;
  const like = tensors.filter(
    (other) =>
      other.name !== name &&
      String(other.shape) === String(shape) &&
      parameters.some(({ source }) => source.name === other.name),
  );
  if (like.length === 0) return undefined;
  const own = await stored(tensor);
  for (const other of like) {
    const numbers = await stored(other);
    if (own.every((value, i) => value === numbers[i])) return other;
  }
  return undefined;
}

/**
 * Plans a Hugging Face folder with the weights that a model has now: the names and shapes of the folder that it came from,
 * in the same order, all as f32. What no parameter holds is as it was, but copies of a tensor stay copies of it.
 *
 * @throws FormatError for a model that came from a GGUF file or a quantised folder.
 */
export function trainedFolder(
  source: FileSource,
  { folder, parameters }: { readonly folder: Read; readonly parameters: readonly Parameter[] },
): Promise<TrainedFolder> {
  const { weights } = folder;
  const tensors = [...weights.tensors.values()];
  const stored: Stored = async (tensor) =>
    storedNumbers(tensor, await weights.read(tensor, 0, tensor.end - tensor.begin)) as Float64Array<ArrayBuffer>;
  return changedFolder(source, folder, async (tensor) => {
    const whole = await wholeTensor(tensor, parameters, stored);
    if (whole) return whole;
    const original = await originalOf(tensor, tensors, parameters, stored);
    return original && (await wholeTensor(original, parameters, stored));
  });
}

/** What says how texts become tokens, and how the model generates: of Marian the files of its two SentencePiece models. */
async function tokenizerFiles(source: FileSource): Promise<Required<Pick<TrainedFolder, "files" | "binary">>> {
  const [files, binary]: [Record<string, string>, Record<string, Bytes>] = [{}, {}];
  const isOld = !(await source.has("tokenizer.json"));
  const texts = [...keptFiles, "target_tokenizer.json", ...(isOld ? ["vocab.json", "target_vocab.json"] : [])];
  for (const name of texts) if (await source.has(name)) files[name] = await readText(source, name);
  for (const name of isOld ? ["source.spm", "target.spm"] : []) {
    const bytes = await readWhole(source, name, pieceLimit);
    if (bytes) binary[name] = bytes;
  }
  return { files, binary };
}

/**
 * Plans a Hugging Face folder like the one that a model came from, all as f32: `changed` gives the numbers of a tensor as
 * its file holds them, or undefined for those that it has already.
 *
 * @throws FormatError for a model that came from a GGUF file or a quantised folder.
 */
export async function changedFolder(
  source: FileSource,
  { weights, quantisation }: Read,
  changed: (
    tensor: StoredTensor,
    stored: () => Promise<Float64Array<ArrayBuffer>>,
  ) => Promise<Float32Array<ArrayBuffer> | undefined>,
): Promise<TrainedFolder> {
  if (source.gguf !== undefined || quantisation !== undefined) {
    throw new FormatError(source.name, "is a GGUF file or quantised, expected a folder of f32, f16 or bf16 weights");
  }
  const config = (await readJson(source, "config.json")) as Readonly<Record<string, unknown>>;
  const types = { torch_dtype: "float32", ...("dtype" in config ? { dtype: "float32" } : {}) };
  const { files: kept, binary } = await tokenizerFiles(source);
  const files = { "config.json": `${JSON.stringify({ ...config, ...types }, undefined, 2)}\n`, ...kept };
  const tensors = [...weights.tensors.values()];
  const header = safetensorsHeader(
    tensors.map(({ name, shape }) => ({ name, shape })),
    "f32",
  );
  async function* pieces(): AsyncGenerator<Bytes> {
    yield header;
    for (const tensor of tensors) {
      const stored = async () =>
        storedNumbers(tensor, await weights.read(tensor, 0, tensor.end - tensor.begin)) as Float64Array<ArrayBuffer>;
      const numbers = (await changed(tensor, stored)) ?? Float32Array.from(await stored());
      yield new Uint8Array(numbers.buffer);
    }
  }
  const bytes = tensors.reduce((sum, { shape }) => sum + 4 * sizeOf(shape), header.length);
  return { files, ...(Object.keys(binary).length > 0 && { binary }), bytes, pieces };
}
