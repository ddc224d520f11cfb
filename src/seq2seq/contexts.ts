import type { EncoderDecoderConfig } from "../models/seq2seq/config.ts";

/** Maximum tokens of a source, and of a generated text, on a device with bindings of this size. */
export function contextsOf({ encoder, decoder, width }: EncoderDecoderConfig, binding: number) {
  // Tokens whose widest activations, or row of the cache, fit one binding.
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
