/**
 * The values of `model_type` that `loadEncoder` takes, so that one who has a folder knows whether it is an encoder's without
 * what reads encoders.
 */
export const encoderTypes: readonly string[] =
  "bert roberta xlm-roberta camembert distilbert mpnet modernbert new use-lite".split(" ");
