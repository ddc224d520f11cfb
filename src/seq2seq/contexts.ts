import type { EncoderDecoderConfig } from "../models/seq2seq/config.ts";

/** Most tokens of a source, and of what is generated, on a device with bindings of this size. */
export function contextsOf({ encoder, decoder, width }: EncoderDecoderConfig, binding: number) {
  // What one binding holds of the widest activations, and of a row of the cache.
  const widest = Math.max(
    3 * encoder.heads * encoder.headWidth,
    decoder.heads * decoder.headWidth,
    encoder.hidden,
    width,
  );
  const longest = Math.floor(binding / (4 * widest));
  const cached = Math.floor(binding / (4 * decoder.heads * decoder.headWidth * 64)) * 64;
  return {
    source: Math.min(encoder.context ?? longest, longest),
    target: Math.min(decoder.context ?? cached, cached),
  };
}
