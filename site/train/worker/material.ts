import type { Report } from "../../../src/engine/direct/progress.ts";
import { openFiles } from "../../../src/formats/files.ts";
import type { FileSource } from "../../../src/formats/source.ts";
import { adapterConfig } from "../../../src/generate/lora/read-adapter.ts";
import { readModelFolder } from "../../../src/generate/model-folder.ts";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { mergedFolder } from "../../../src/train/lora/merge.ts";
import { openLora } from "../../../src/train/lora/open-lora.ts";
import { readAdapter } from "../../../src/train/lora/read-adapter.ts";
import { openTrainable, type Trainable } from "../../../src/train/open-trainable.ts";
import type { TrainedFolder } from "../../../src/train/trained-folder.ts";
import type { Settings } from "../setup/settings.ts";
import type { Examples } from "../tasks/task.ts";
import { taskOf } from "../tasks/tasks.ts";
import { freshModel } from "./fresh.ts";
import type { RunRequest } from "./protocol.ts";

/** A folder's files, by their names. */
export type Files = Readonly<Record<string, Blob>>;

/** What a run trains, and on what. */
export interface Material {
  readonly examples: Examples;
  readonly trainable: Trainable;
  /** The files of what was trained, as they are now: the model, or its adapter. */
  readonly files: () => Promise<Files>;
  /** The files of the whole model. */
  readonly whole: () => Promise<Files>;
}

async function filesOf({ files, file, pieces }: TrainedFolder): Promise<Files> {
  const weights: Uint8Array<ArrayBuffer>[] = [];
  for await (const piece of pieces()) weights.push(piece);
  const texts = Object.entries(files).map(([name, words]) => [name, new Blob([words])] as const);
  return { ...Object.fromEntries(texts), [file ?? "model.safetensors"]: new Blob(weights) };
}

const quiet = { onWarning: () => undefined };

/** A new model. */
async function fresh(gpu: Gpu, settings: Settings, examples: Examples): Promise<Material> {
  const source = freshModel(settings, examples);
  const trainable = await openTrainable(gpu, source, quiet);
  const files = async () => await filesOf(await trainable.writing());
  return { examples, trainable, files, whole: files };
}

/** The model that an adapter is for, and who hears how far it is loaded. */
export interface Base {
  readonly source?: FileSource | undefined;
  readonly loading?: Report;
  readonly signal?: AbortSignal;
}

/** A model that was trained before, with an adapter. */
async function adapted(gpu: Gpu, { settings, text }: RunRequest, given: Base): Promise<Material> {
  const { source: base = openFiles({}), loading, signal } = given;
  const { config, tokenizer, weights } = await readModelFolder(base);
  const examples = taskOf(settings.task).examples(settings.length, text, {
    vocabulary: config.vocabulary,
    encode: (words) => tokenizer.encode(words, { addSpecialTokens: false }),
    decode: (ids) => tokenizer.decode(ids),
  });
  const { rank, seed } = settings;
  // As a whole before its tensors are read one by one, so that it is kept, and how far it is can be said.
  const weightFiles = new Set([...weights.tensors.values()].map(({ file }) => file));
  await base.prepare?.([...weightFiles], { signal });
  const trainable = await openLora(
    gpu,
    base,
    { rank, seed },
    {
      ...quiet,
      ...(signal ? { signal } : {}),
      onProgress: (done, total) => loading?.("upload", done, total),
    },
  );
  const files = () => filesOf(trainable.writing());
  const whole = async () => {
    const all = await files();
    if (!all[adapterConfig]) throw new Error("the adapter has no settings");
    return await filesOf(await mergedFolder(base, await readAdapter(openFiles(all))));
  };
  return { examples, trainable, files, whole };
}

/** Makes what a run trains. */
export async function materialOf(gpu: Gpu, request: RunRequest, base: Base): Promise<Material> {
  const task = taskOf(request.settings.task);
  if (task.adapts) return await adapted(gpu, request, base);
  return await fresh(gpu, request.settings, task.examples(request.settings.length, request.text));
}
