import { taskOf } from "../../tasks/tasks.ts";
import type { RunRequest } from "../protocol.ts";
import { adapterKind } from "./adapter.ts";
import { bagKind } from "./bag.ts";
import { decoderKind } from "./decoder.ts";
import { encoderKind } from "./encoder.ts";
import { encoderDecoderKind } from "./encoder-decoder.ts";
import type { Kind } from "./kind.ts";
import { masksKind } from "./masks.ts";
import { recurrentKind } from "./recurrent.ts";
import { wordsKind } from "./words.ts";

/** True if an encoder classifies; else it fills masks. */
const isOfLabels = ({ settings: { task, length }, text }: RunRequest) =>
  taskOf(task).examples(length, text).labels !== undefined;

/** Runs a function with the kind of a run's model, for any type of batches. */
export function withKind<R>(request: RunRequest, use: <B>(kind: Kind<B>) => R): R {
  const { settings } = request;
  if (taskOf(settings.task).adapts) return use(adapterKind);
  switch (settings.architecture) {
    case "gpt2":
    case "llama":
    case "mixtral":
      return use(decoderKind);
    case "transformer-2017":
      return use(encoderDecoderKind);
    case "gru":
    case "gru-attention":
      return use(recurrentKind);
    case "bert":
      return isOfLabels(request) ? use(encoderKind) : use(masksKind);
    case "bag-of-words":
    case "mean-of-word-vectors":
      return use(bagKind);
    case "skip-gram":
      return use(wordsKind);
    default:
      throw new TypeError(`the page has no models of the kind ${settings.architecture}`);
  }
}
