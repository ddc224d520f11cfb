import { maxPerHead } from "../../../src/seq2seq/cross-weights.ts";
import type { EncoderDecoder } from "../../../src/seq2seq/encoder-decoder.ts";
import { tokenText } from "../../../src/text/token-text.ts";
import { unknownWords } from "../text/unknown.ts";
import type { Ended, WritingOptions, Written } from "./protocol.ts";

/** Maximum written tokens if neither the reader nor the folder sets a number. */
const standardMost = 256;

/** What ends a text: `signal` with an error, `stop` with the text so far. */
export interface WriteSignals {
  readonly signal: AbortSignal;
  readonly stop: AbortSignal;
}

/** Writes a text, and reports each token with its attention weights, from its own step. */
export async function write(
  model: EncoderDecoder,
  { text, ...chosen }: WritingOptions & { readonly text: string },
  report: (written: Written) => void,
  { signal, stop }: WriteSignals,
): Promise<Ended> {
  const { decoder } = model.config;
  const source = model.sourceTokenizer.encode(text).map((id) => tokenText(model.sourceTokenizer, id));
  const most = Math.min(chosen.maxTokens ?? model.defaults.options.maxTokens ?? standardMost, model.context);
  // Longer texts only have the mean.
  const perHead = 4 * decoder.layers * decoder.heads * most * source.length <= maxPerHead;
  report({ kind: "source", tokens: source, unknown: unknownWords(model.sourceTokenizer, text), perHead });
  const ended = await model
    .generate(text, {
      ...chosen,
      // A folder may set sampling; the page shows the likeliest text, which is the same every time.
      temperature: 0,
      attention: { perHead },
      signal: AbortSignal.any([signal, stop]),
      onToken: ({ token, text: piece, attention }) => {
        const row = attention?.perHead ?? attention?.weights;
        report({
          kind: "piece",
          text: piece,
          ...(token !== undefined && row && { token: { text: tokenText(model.tokenizer, token), row } }),
        });
      },
    })
    .catch((error: unknown) => {
      if (stop.aborted && error === stop.reason) return undefined;
      throw error;
    });
  const [result] = ended?.results ?? [];
  return {
    stopReason: result?.stopReason ?? "stopped",
    score: result?.score,
    encode: ended?.timings.encode ?? 0,
    tokensPerSecond: ended?.timings.tokensPerSecond ?? 0,
  };
}
