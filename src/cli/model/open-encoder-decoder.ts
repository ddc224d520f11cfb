import { openModel as openSource } from "../../formats/hub.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { type ModelKind, modelKind } from "../../models/model-kind.ts";
import type { EncoderDecoder } from "../../seq2seq/encoder-decoder.ts";
import { loadEncoderDecoder } from "../../seq2seq/load-encoder-decoder.ts";
import { TextError } from "../../text/text-error.ts";
import { say } from "../output.ts";
import { type Report, withPhases } from "../progress.ts";
import type { ModelFlags } from "./model-options.ts";
import { openDevice } from "./open-device.ts";

/** The kind of model that a folder or file declares. */
export const folderKind = async (model: string): Promise<ModelKind> =>
  modelKind(await openSource(model, { onWarning: () => undefined }));

/** Flags only for language models, by the names of their values. */
const ofLanguageModels: Readonly<Record<string, string>> = {
  context: "--context",
  weights: "--weights",
  cacheDtype: "--cache-dtype",
  cacheLayout: "--cache-layout",
  cacheRotate: "--cache-rotate",
  minP: "--min-p",
  presencePenalty: "--presence-penalty",
  frequencyPenalty: "--frequency-penalty",
  ignoreEos: "--ignore-eos",
  guard: "--guard",
  chat: "--chat",
  logprobs: "--logprobs",
  lookup: "--lookup",
  draftModel: "--draft-model",
  draftMax: "--draft-max",
};

/** Throws `TextError` for a flag that an encoder-decoder does not have. */
function refuseFlags(flags: ModelFlags): void {
  for (const [key, flag] of Object.entries(ofLanguageModels)) {
    if ((flags as unknown as Readonly<Record<string, unknown>>)[key] === undefined) continue;
    throw new TextError(`${flag} is for language models, and ${flags.model} is an encoder-decoder; leave it out`);
  }
}

/** An encoder-decoder with its device, which close together. */
interface OpenedEncoderDecoder {
  readonly model: EncoderDecoder;
  readonly gpu: Gpu;
  /** Milliseconds that loading took. */
  readonly load: number;
  [Symbol.dispose](): void;
}

/**
 * Opens the device and loads the encoder-decoder that the options name, with a progress bar for people. Throws
 * `TextError` for options only for language models.
 */
export async function openEncoderDecoder(flags: ModelFlags): Promise<OpenedEncoderDecoder> {
  const { model: name, json = false, dtype, verify } = flags;
  refuseFlags(flags);
  const warnings: string[] = [];
  const onWarning = (warning: string) => void warnings.push(warning); // shown after the progress bar
  let downloading: Report = () => {};
  const source = await openSource(name, {
    onWarning,
    onProgress: (progress) => progress.phase === "download" && downloading(progress),
  });
  const gpu = await openDevice(flags);
  const start = performance.now();
  try {
    const model = await withPhases(["download ", "loading  "], json, ([download = () => {}, onProgress]) => {
      downloading = download;
      return loadEncoderDecoder(gpu, source, { dtype, verify, onProgress, onWarning });
    });
    for (const warning of warnings) say(`warning: ${warning}`);
    const close = () => {
      model.dispose();
      gpu.close();
    };
    return { model, gpu, load: performance.now() - start, [Symbol.dispose]: close };
  } catch (error) {
    gpu.close();
    throw error;
  }
}
