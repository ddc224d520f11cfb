import { checkOptions, checkValue, fieldsOf, having, integer, nonEmpty } from "../../options/checks.ts";
import { TextError } from "../../text/text-error.ts";
import { type HeadContext, headOf, wholeInput } from "./context.ts";
import { logitsOfTokens } from "./logits.ts";
import { largest, softmax } from "./scores.ts";

/** A candidate for a mask. */
export interface MaskToken {
  /**
   * Its text; a continuation of a word keeps its mark, `##s`, and the beginning of one its space, if the model uses
   * them.
   */
  readonly token: string;
  readonly id: number;
  readonly probability: number;
}

/** The candidates for a text's masks. */
export interface FilledMasks {
  /** For each mask in the text, in order: the likeliest tokens, best first. */
  readonly masks: readonly (readonly MaskToken[])[];
}

/** How masks are filled. */
export interface FillMaskOptions {
  /** How many tokens to return for each mask. Default 5. */
  readonly top?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const fields = fieldsOf<FillMaskOptions>({ top: integer(1, 2 ** 31 - 1), signal: having("aborted", "an AbortSignal") });

/** The likeliest tokens for each mask in a text, by softmax over the vocabulary. */
export async function fillMask(
  encoder: HeadContext,
  text: string,
  options: FillMaskOptions = {},
): Promise<FilledMasks> {
  checkValue("fillMask", "text", nonEmpty, text);
  checkOptions("fillMask", fields, options);
  const { top = 5, signal } = options;
  const kind = headOf(encoder, "fillMask", "masked-language");
  const { tokenizer } = encoder;
  const input = wholeInput(encoder, "fillMask", text);
  const { mask } = tokenizer.specials;
  if (mask === undefined) throw new TextError(`fillMask: the tokenizer of ${encoder.name} has no mask token`);
  const at = input.ids.flatMap((id, i) => (id === mask ? [i] : []));
  if (at.length === 0) {
    throw new TextError(`fillMask: the text has no mask; write ${tokenizer.token(mask)} where a token is to be found`);
  }
  const logits = await logitsOfTokens(encoder, kind, input, at, { signal });
  const masks = logits.map((row) => {
    const known = row.subarray(0, tokenizer.size); // rows beyond it belong to no token
    const probabilities = softmax(row);
    return largest(known, Math.min(top, known.length)).map((id) => ({
      token: tokenizer.decode([id], { skipSpecialTokens: false }),
      id,
      probability: probabilities[id] ?? 0,
    }));
  });
  return { masks };
}
