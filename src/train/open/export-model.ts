import { checkOptions, checkValue, fieldsOf, having, listOf } from "../../options/checks.ts";
import type { TrainableModel } from "./open-trainable.ts";
import type { Parameter } from "./parameters.ts";
import type { TrainedFolder } from "./trained-folder.ts";

/** Options of an export. */
export interface ExportOptions {
  /** Parameters to write in place of the model's of the same names: a trainer's `averaged`. */
  readonly parameters?: readonly Parameter[] | undefined;
}

const modelCheck = having("writing", "a model from openTrainable or openLora");
const fields = fieldsOf<ExportOptions>({ parameters: listOf(having("tensor", "a parameter of the model")) });

/**
 * The files of a trained model by name, a folder as Hugging Face's libraries write it: `config.json`, the tokenizer's
 * files and `model.safetensors`, f32, with the names and shapes of its original folder; for an adapter PEFT's two
 * files. `loadModel(gpu, openFiles(files))` and an engine's `load` open them, and in Node
 * `writeFile(name, file.stream())` stores one.
 *
 * @throws FormatError for a model that came from a GGUF file or a quantised folder, unless it has an adapter.
 */
export async function exportModel(
  model: TrainableModel<never>,
  options: ExportOptions = {},
): Promise<Readonly<Record<string, Blob>>> {
  checkValue("exportModel", "model", modelCheck, model);
  checkOptions("exportModel", fields, options);
  return await folderFiles(await model.writing(options.parameters));
}

/** The files of a planned folder, in memory. */
export async function folderFiles({ files, binary = {}, file = "model.safetensors", pieces }: TrainedFolder) {
  const texts = Object.entries({ ...files, ...binary }).map(([name, content]) => [name, new Blob([content])] as const);
  return Object.fromEntries([...texts, [file, await blobOf(pieces())]]);
}

/** Bytes in pieces, as a file. */
export async function blobOf(pieces: AsyncIterable<Uint8Array<ArrayBuffer>>): Promise<Blob> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for await (const piece of pieces) parts.push(piece);
  return new Blob(parts);
}
