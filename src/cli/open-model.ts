import { openFolder } from "../formats/folder.ts";
import { openUrl } from "../formats/url.ts";
import type { LanguageModel } from "../generate/language-model.ts";
import { loadModel } from "../generate/load-model.ts";
import { cacheOptions, type ModelFlags } from "./model-options.ts";
import { openDevice } from "./open-device.ts";
import { say } from "./output.ts";
import { withProgress } from "./progress.ts";

/** A model with its device, which close together. */
export interface OpenedModel {
  readonly model: LanguageModel;
  /** Milliseconds spent reading the files and uploading the weights. */
  readonly load: number;
  [Symbol.dispose](): void;
}

/** Opens the device and loads the model that the options name, with a progress bar for people. */
export async function openModel(flags: ModelFlags): Promise<OpenedModel> {
  const { model: name, context, dtype, verify, json = false } = flags;
  if (name === "") throw new Error("--model: the name of the folder is empty");
  const source = /^https?:/.test(name) ? openUrl(name) : await openFolder(name);
  const gpu = await openDevice(flags);
  const start = performance.now();
  const warnings: string[] = [];
  try {
    const model = await withProgress("loading  ", json, (onProgress) =>
      loadModel(gpu, source, {
        context,
        dtype,
        verify,
        cache: cacheOptions(flags),
        onProgress,
        onWarning: (warning) => warnings.push(warning), // shown when the progress bar is gone
      }),
    );
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
