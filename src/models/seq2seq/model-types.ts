/**
 * The values of `model_type` that `loadEncoderDecoder` takes, so that one who has a folder knows whether it is an
 * encoder-decoder's without what reads them.
 */
export const encoderDecoderTypes: readonly string[] = "t5 mt5 bart marian transformer-2017".split(" ");
