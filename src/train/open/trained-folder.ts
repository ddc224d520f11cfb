import { storedNumbers } from "../../convert/stored-numbers.ts";
import { keptFiles } from "../../convert/to-folder.ts";
import { FormatError } from "../../formats/format-error.ts";
import { readJson, readText } from "../../formats/read-text.ts";
import type { StoredTensor } from "../../formats/safetensors/safetensors.ts";
import { safetensorsHeader } from "../../formats/safetensors/safetensors-header.ts";
import { type FileSource, readWhole } from "../../formats/source.ts";
import type { ModelFolder } from "../../generate/load/model-folder.ts";
import type { StackedSource, WeightSource } from "../../models/decoders/family.ts";
import { sourceOf } from "../../models/weights/stored-rows.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { slice } from "../../tensor/views.ts";
import type { Parameter } from "./parameters.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** The files of a folder with trained weights. */
export interface TrainedFolder {
  /** Texts of the small files by name. */
  readonly files: Readonly<Record<string, string>>;
  /** Small binary files: Marian's SentencePiece models. */
  readonly binary?: Readonly<Record<string, Bytes>>;
  /** The file of the weights; default `model.safetensors`. */
  readonly file?: string;
  /** Its bytes. */
  readonly bytes: number;
  /** Its bytes in order, one tensor at a time, with the weights at the time of reading. */
  readonly pieces: () => AsyncGenerator<Bytes>;
}

/** Largest SentencePiece model accepted, in bytes. */
const pieceLimit = 128 * 2 ** 20;

/** The parts of a model's folder that are read again. */
type Read = Pick<ModelFolder, "weights" | "quantisation">;

/** The numbers of a tensor in its file. */
type Stored = (tensor: StoredTensor) => Promise<Float64Array<ArrayBuffer>>;

/**
 * A tensor of a checkpoint as in its file; undefined if it contains no parameter. Rows outside parameters, such as
 * those of a position table before the first position, stay unchanged.
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
 * The original of a tensor without parameters that is a copy: a checkpoint may contain an embedding twice, for the
 * other stack or as the head. Undefined if it is not a copy.
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
 * Plans a Hugging Face folder with a model's current weights: names, shapes and order of its original folder, all as
 * f32. Tensors without parameters are unchanged, but copies of a tensor stay copies of it.
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

/** The files for tokenization and generation; for Marian, its two SentencePiece models. */
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
 * Plans a Hugging Face folder like a model's original one, all as f32: `changed` returns the numbers of a tensor as in
 * its file, or undefined if they are unchanged.
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

/** The elements of a parameter in a tensor of the checkpoint, and the position of each. */
interface StoredPart {
  readonly source: WeightSource;
  /** The parameter's rows `[begin, end)` that contain them, including those of alternating tensors. */
  readonly rows: readonly [begin: number, end: number];
  /** Elements of a row. */
  readonly columns: number;
  /** Every `members`-th of these rows is the tensor's, from the `member`-th on. */
  readonly member: number;
  readonly members: number;
}

const partsOf = ({ source, stack }: Parameter): StackedSource["parts"] => stack?.parts ?? [[source]];

/** Rows and columns of a source; a vector is a column. */
function sizesOf({ shape, transposed, rows }: WeightSource): readonly [rows: number, columns: number] {
  const columns = shape.length === 1 ? 1 : ((transposed ? shape.at(-2) : shape.at(-1)) ?? 1);
  const [begin, end] = rows ?? [0, sizeOf(shape) / columns];
  return [end - begin, columns];
}

/** The parts of a parameter in a tensor of the checkpoint; may be empty. */
export function storedParts(parameter: Parameter, name: string): StoredPart[] {
  let begin = 0;
  return partsOf(parameter).flatMap((part) => {
    const own = part.map(sizesOf);
    const rows = [begin, begin + own.reduce((sum, [count]) => sum + count, 0)] as const;
    begin = rows[1];
    return part.flatMap((source, member) => {
      if (source.name !== name) return [];
      return [{ source, rows, columns: own[member]?.[1] ?? 1, member, members: part.length }];
    });
  });
}

/**
 * Writes the elements of a part to their positions in the checkpoint's tensor, and returns their number. `numbers` are
 * the rows of the part.
 */
export function putStored(part: StoredPart, numbers: ArrayLike<number>, into: Float32Array<ArrayBuffer>): number {
  const { source, rows, columns, member, members } = part;
  const { added = 0, shape, transposed } = source;
  const first = source.rows?.[0] ?? 0;
  const count = (rows[1] - rows[0]) / members;
  for (let row = 0; row < count; row++) {
    const from = (row * members + member) * columns;
    for (let column = 0; column < columns; column++) {
      const at = (first + row) * columns + column;
      into[transposed ? sourceOf(at, shape.slice(-2)) : at] = (numbers[from + column] ?? 0) - added;
    }
  }
  return count * columns;
}
