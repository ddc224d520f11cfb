import { storedNumbers } from "../convert/stored-numbers.ts";
import { keptFiles } from "../convert/to-folder.ts";
import { FormatError } from "../formats/format-error.ts";
import { readJson, readText } from "../formats/read-text.ts";
import type { StoredTensor } from "../formats/safetensors.ts";
import { safetensorsHeader } from "../formats/safetensors-header.ts";
import type { FileSource } from "../formats/source.ts";
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
  /** The file of the weights; default `model.safetensors`. */
  readonly file?: string;
  /** Its bytes. */
  readonly bytes: number;
  /** Its bytes in order, a tensor at a time, as the weights are when they are read. */
  readonly pieces: () => AsyncGenerator<Bytes>;
}

/** What is read of a model's folder once more. */
type Read = Pick<ModelFolder, "weights" | "quantisation">;

/** A tensor of a checkpoint as its file holds it; undefined where no parameter is in it. */
async function wholeTensor(
  { name, shape }: StoredTensor,
  parameters: readonly Parameter[],
): Promise<Float32Array<ArrayBuffer> | undefined> {
  const found = parameters.flatMap((parameter) => storedParts(parameter, name).map((part) => ({ parameter, part })));
  if (found.length === 0) return undefined;
  const all = new Float32Array(sizeOf(shape));
  let filled = 0;
  for (const { parameter, part } of found) {
    const { tensor, stack } = parameter;
    const [begin, end] = part.rows;
    filled += putStored(part, await (stack ? slice(tensor, 0, begin, end) : tensor).read(), all);
  }
  if (filled !== all.length)
    throw new FormatError(name, `has ${all.length} numbers, of which ${filled} are parameters`);
  return all;
}

/**
 * Plans a Hugging Face folder with the weights that a model has now: the names and shapes of the folder that it came from,
 * in the same order, all as f32. Tensors that nothing reads are copied.
 *
 * @throws FormatError for a model that came from a GGUF file or a quantised folder.
 */
export function trainedFolder(
  source: FileSource,
  { folder, parameters }: { readonly folder: Read; readonly parameters: readonly Parameter[] },
): Promise<TrainedFolder> {
  return changedFolder(source, folder, (tensor) => wholeTensor(tensor, parameters));
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
  const files: Record<string, string> = { "config.json": `${JSON.stringify({ ...config, ...types }, undefined, 2)}\n` };
  for (const name of keptFiles) if (await source.has(name)) files[name] = await readText(source, name);
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
  return { files, bytes, pieces };
}
