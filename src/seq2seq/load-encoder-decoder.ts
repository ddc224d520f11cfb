import type { FileSource } from "../formats/source.ts";
import { loading, sourceCheck } from "../generate/load/load-model.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { weightTypes } from "../kernels/formats/formats.ts";
import { boolean, callback, checkOptions, checkValue, fieldsOf, having, nonEmpty, oneOf } from "../options/checks.ts";
import type { EncoderDecoder } from "./encoder-decoder.ts";
import type { EncoderDecoderOptions } from "./read-encoder-decoder.ts";

const fields = fieldsOf<EncoderDecoderOptions>({
  dtype: oneOf(...weightTypes),
  chatTemplate: nonEmpty,
  onProgress: callback,
  onWarning: callback,
  signal: having("aborted", "an AbortSignal"),
  verify: boolean,
});

/**
 * Loads an encoder-decoder, such as T5, from a Hugging Face folder (`config.json`, `model.safetensors` or its shards,
 * `tokenizer.json`, and if present `tokenizer_config.json` and `generation_config.json`): a path in Node, an address in
 * Node and pages, the name of a repository on a hub, or any `FileSource`; `openModel` says more. Throws `FormatError`,
 * `TextError` or `GpuError`, before anything large is read or allocated, if the files are not an encoder-decoder's or
 * do not fit one another or the device; and the reason of `signal` once it aborts.
 */
export async function loadEncoderDecoder(
  gpu: Gpu,
  from: string | URL | FileSource,
  options: EncoderDecoderOptions = {},
): Promise<EncoderDecoder> {
  checkValue("loadEncoderDecoder", "from", sourceCheck, from);
  checkOptions("loadEncoderDecoder", fields, options);
  return await loading(gpu, from, options, async (source, signal) => {
    // Loads every family and its checks, and the code that reads and uploads weights.
    const { readEncoderDecoder } = await import("./read-encoder-decoder.ts");
    return await readEncoderDecoder(gpu, source, { ...options, signal });
  });
}
