import { openModel as openSource } from "../formats/hub.ts";
import { readJson } from "../formats/read-text.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { encoderDecoderTypes } from "../models/seq2seq/model-types.ts";
import type { EncoderDecoder } from "../seq2seq/encoder-decoder.ts";
import { loadEncoderDecoder } from "../seq2seq/load-encoder-decoder.ts";
import { TextError } from "../text/text-error.ts";
import type { ModelFlags } from "./model-options.ts";
import { openDevice } from "./open-device.ts";
import { say } from "./output.ts";
import { type Report, withPhases } from "./progress.ts";

/** What a folder says it is. */
export interface FolderKind {
  /** `model_type` of its `config.json`; undefined for a GGUF file, and where there is none. */
  readonly type: string | undefined;
  /** True where it is an encoder-decoder's, built or not: what loads it says which are. */
  readonly isEncoderDecoder: boolean;
}

/** What the folder or file of a model says it is, by its `config.json`. */
export async function folderKind(model: string): Promise<FolderKind> {
  const source = await openSource(model, { onWarning: () => undefined });
  if (source.gguf !== undefined || !(await source.has("config.json")))
    return { type: undefined, isEncoderDecoder: false };
  const raw = await readJson(source, "config.json");
  if (typeof raw !== "object" || raw === null) return { type: undefined, isEncoderDecoder: false };
  const { is_encoder_decoder: both, model_type: type } = raw as Readonly<Record<string, unknown>>;
  return {
    type: typeof type === "string" ? type : undefined,
    isEncoderDecoder: both === true || encoderDecoderTypes.some((known) => known === type),
  };
}

/** Flags that only language models have, by the names of their values. */
const ofLanguageModels: Readonly<Record<string, string>> = {
  ...{ context: "--context", weights: "--weights", cacheDtype: "--cache-dtype", cacheLayout: "--cache-layout" },
  ...{ minP: "--min-p", presencePenalty: "--presence-penalty", frequencyPenalty: "--frequency-penalty" },
  ...{ ignoreEos: "--ignore-eos", stop: "--stop", guard: "--guard", chat: "--chat", logprobs: "--logprobs" },
  ...{ lookup: "--lookup", draftModel: "--draft-model", draftMax: "--draft-max" },
};

/** Throws `TextError` for a flag that an encoder-decoder does not have. */
function refuseFlags(flags: ModelFlags): void {
  for (const [key, flag] of Object.entries(ofLanguageModels)) {
    if ((flags as unknown as Readonly<Record<string, unknown>>)[key] === undefined) continue;
    throw new TextError(`${flag} is for language models, and ${flags.model} is an encoder-decoder; leave it out`);
  }
}

/** An encoder-decoder with its device, which close together. */
export interface OpenedEncoderDecoder {
  readonly model: EncoderDecoder;
  readonly gpu: Gpu;
  /** Milliseconds that loading took. */
  readonly load: number;
  [Symbol.dispose](): void;
}

/**
 * Opens the device and loads the encoder-decoder that the options name, with a progress bar for people. Throws `TextError` for
 * options that only language models have.
 */
export async function openEncoderDecoder(flags: ModelFlags): Promise<OpenedEncoderDecoder> {
  const { model: name, json = false, dtype, verify } = flags;
  refuseFlags(flags);
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
