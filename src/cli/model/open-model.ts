import { openModel as openSource } from "../../formats/hub.ts";
import type { LanguageModel } from "../../generate/language-model.ts";
import { loadModel } from "../../generate/load/load-model.ts";
import { loadAdapter } from "../../generate/lora/load-adapter.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { say } from "../output.ts";
import { type Report, withPhases } from "../progress.ts";
import { cacheOptions, type ModelFlags } from "./model-options.ts";
import { openDevice } from "./open-device.ts";

/** A model with its device, which close together. */
interface OpenedModel {
  readonly model: LanguageModel;
  /** Milliseconds spent reading the files and uploading the weights. */
  readonly load: number;
  /** Loads another model on the same device, with the same context, which closes with it. */
  another(name: string): Promise<LanguageModel>;
  [Symbol.dispose](): void;
}

/** Opens the device and loads the model that the options name, with a progress bar for people. */
export async function openModel(flags: ModelFlags): Promise<OpenedModel> {
  if (flags.model === "") throw new Error("--model: the name of the folder is empty");
  const { lora: _, ...others } = flags;
  const loadOn = await findModel(flags.model, flags);
  const gpu = await openDevice(flags);
  const start = performance.now();
  try {
    const model = await loadOn(gpu, flags.context);
    const load = performance.now() - start;
    const all = [model];
    const another = async (name: string) => {
      const other = await (await findModel(name, others))(gpu, model.context);
      all.push(other);
      return other;
    };
    const close = () => {
      for (const one of all) one.dispose();
      gpu.close();
    };
    return { model, load, another, [Symbol.dispose]: close };
  } catch (error) {
    gpu.close();
    throw error;
  }
}

/** Finds a model; the returned function loads it on a device. */
async function findModel(name: string, flags: ModelFlags) {
  const { dtype, weights, verify, json = false } = flags;
  const warnings: string[] = [];
  const onWarning = (warning: string) => void warnings.push(warning); // shown after the progress bar
  let downloading: Report = () => {};
  const source = await openSource(name, {
    onWarning,
    onProgress: (progress) => progress.phase === "download" && downloading(progress),
  });
  return async (gpu: Gpu, context: number | undefined): Promise<LanguageModel> => {
    const model = await withPhases(["download ", "loading  "], json, async ([download = () => {}, load]) => {
      downloading = download;
      const cache = cacheOptions(flags);
      const options = { context, dtype, weights, verify, cache, onProgress: load, onWarning };
      const loaded = await loadModel(gpu, source, options);
      if (flags.lora === undefined) return loaded;
      try {
        return await loadAdapter(loaded, flags.lora, { onWarning });
      } catch (error) {
        loaded.dispose();
        throw error;
      }
    });
    for (const warning of warnings) say(`warning: ${warning}`);
    return model;
  };
}
