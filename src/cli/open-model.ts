import { openModel as openSource } from "../formats/hub.ts";
import type { LanguageModel } from "../generate/language-model.ts";
import { loadModel } from "../generate/load-model.ts";
import { cacheOptions, type ModelFlags } from "./model-options.ts";
import { openDevice } from "./open-device.ts";
import { say } from "./output.ts";
import { type Report, withPhases } from "./progress.ts";

/** A model with its device, which close together. */
export interface OpenedModel {
  readonly model: LanguageModel;
  /** Milliseconds spent reading the files and uploading the weights. */
  readonly load: number;
  [Symbol.dispose](): void;
}

/** Opens the device and loads the model that the options name, with a progress bar for people. */
export async function openModel(flags: ModelFlags): Promise<OpenedModel> {
  const { model: name, context, dtype, weights, verify, json = false } = flags;
  if (name === "") throw new Error("--model: the name of the folder is empty");
  const warnings: string[] = [];
  const onWarning = (warning: string) => void warnings.push(warning); // shown when the progress bar is gone
  let downloading: Report = () => {};
  const source = await openSource(name, {
    onWarning,
    onProgress: ({ phase, done, total }) => phase === "download" && downloading(done, total),
  });
  const gpu = await openDevice(flags);
  const start = performance.now();
  try {
    const model = await withPhases(["download ", "loading  "], json, ([download = () => {}, load]) => {
      downloading = download;
      return loadModel(gpu, source, {
        context,
        dtype,
        weights,
        verify,
        cache: cacheOptions(flags),
        onProgress: load,
        onWarning,
      });
    });
    for (const warning of warnings) say(`warning: ${warning}`);
    const close = () => {
      model.dispose();
      gpu.close();
    };
    return { model, load: performance.now() - start, [Symbol.dispose]: close };
  } catch (error) {
    gpu.close();
    throw error;
  }
}
