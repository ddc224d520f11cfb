import { checkOptions, checkValue, fieldsOf, having, nonEmpty } from "../../options/checks.ts";
import { type HeadContext, headOf, wholeInput } from "./context.ts";
import { logitsOfTexts } from "./logits.ts";
import { softmax } from "./scores.ts";

/** Whether a text follows another. */
export interface NextSentence {
  /** Probability that the second text is the continuation of the first. */
  readonly isNext: number;
}

/** A signal that ends the computation. */
export interface NextSentenceOptions {
  readonly signal?: AbortSignal | undefined;
}

const fields = fieldsOf<NextSentenceOptions>({ signal: having("aborted", "an AbortSignal") });

/** The probability of the first of the head's two classes: `next` follows `text` (Devlin et al. 2018, task 2). */
export async function nextSentence(
  encoder: HeadContext,
  text: string,
  next: string,
  options: NextSentenceOptions = {},
): Promise<NextSentence> {
  checkValue("nextSentence", "text", nonEmpty, text);
  checkValue("nextSentence", "next", nonEmpty, next);
  checkOptions("nextSentence", fields, options);
  const kind = headOf(encoder, "nextSentence", "next-sentence");
  const input = wholeInput(encoder, "nextSentence", text, next);
  const [logits = new Float64Array()] = await logitsOfTexts(encoder, kind, [input], options.signal);
  return { isNext: softmax(logits)[0] ?? 0 };
}
