import type { Encoder } from "../../encode/encoder.ts";
import { loadEncoder } from "../../encode/load-encoder.ts";
import { openModel as openSource } from "../../formats/hub.ts";
import { say } from "../output.ts";
import { type Report, withPhases } from "../progress.ts";
import type { EncoderFlags } from "./model-options.ts";
import { openDevice } from "./open-device.ts";

/** An encoder with its device, which close together. */
interface OpenedEncoder {
  readonly encoder: Encoder;
  [Symbol.dispose](): void;
}

/** Opens the device and loads the encoder that the options name, with a progress bar for people. */
export async function openEncoder({
  model,
  dtype,
  verify,
  json = false,
  ...device
}: EncoderFlags): Promise<OpenedEncoder> {
  if (model === "") throw new Error("--model: the name of the folder is empty");
  const warnings: string[] = [];
  const onWarning = (warning: string) => void warnings.push(warning); // shown after the progress bar
  let downloading: Report = () => {};
  const source = await openSource(model, {
    onWarning,
    onProgress: (progress) => progress.phase === "download" && downloading(progress),
  });
  const gpu = await openDevice(device);
  try {
    const encoder = await withPhases(["download ", "loading  "], json, ([download = () => {}, onProgress]) => {
      downloading = download;
      return loadEncoder(gpu, source, { dtype, verify, onProgress, onWarning });
    });
    for (const warning of warnings) say(`warning: ${warning}`);
    const close = () => {
      encoder.dispose();
      gpu.close();
    };
    return { encoder, [Symbol.dispose]: close };
  } catch (error) {
    gpu.close();
    throw error;
  }
}
