import type { FileSource } from "../formats/source.ts";
import { loading, sourceCheck } from "../generate/load/load-model.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { weightTypes } from "../kernels/formats/formats.ts";
import { boolean, callback, checkOptions, checkValue, fieldsOf, having, oneOf } from "../options/checks.ts";
import type { Encoder } from "./encoder.ts";
import type { EncoderOptions } from "./read-encoder.ts";

const fields = fieldsOf<EncoderOptions>({
  dtype: oneOf(...weightTypes),
  onProgress: callback,
  onWarning: callback,
  signal: having("aborted", "an AbortSignal"),
  verify: boolean,
});

/**
 * Loads an encoder from a Hugging Face folder (`config.json`, `model.safetensors` or its shards, `tokenizer.json`, and
 * if present `tokenizer_config.json`): a path in Node, an address in Node and pages, the name of a repository on a hub,
 * or any `FileSource`; `openModel` says more. Throws `FormatError`, `TextError` or `GpuError`, before anything large is
 * read or allocated, if the files are not an encoder's or do not fit one another or the device; and the reason of
 * `signal` once it aborts.
 */
export async function loadEncoder(
  gpu: Gpu,
  from: string | URL | FileSource,
  options: EncoderOptions = {},
): Promise<Encoder> {
  checkValue("loadEncoder", "from", sourceCheck, from);
  checkOptions("loadEncoder", fields, options);
  return await loading(gpu, from, options, async (source, signal) => {
    // Loads every family and its checks, and the code that reads and uploads weights.
    const { readEncoder } = await import("./read-encoder.ts");
    return await readEncoder(gpu, source, { ...options, signal });
  });
}
