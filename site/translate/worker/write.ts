import { mostPerHead } from "../../../src/seq2seq/cross-weights.ts";
import type { EncoderDecoder } from "../../../src/seq2seq/encoder-decoder.ts";
import { tokenText } from "../../../src/text/token-text.ts";
import type { Ended, WritingOptions, Written } from "./protocol.ts";

/** Tokens that are written at most where neither the reader nor the folder says something. */
const standardMost = 256;

/** What ends a text: `signal` with an error, `stop` with what there is. */
export interface WriteSignals {
  readonly signal: AbortSignal;
  readonly stop: AbortSignal;
}

/**
 * Writes a text, and reports each token and, as soon as they are computed, the weights of what it attends to: of all tokens
 * that came while the last ones were computed together.
 */
export async function write(
  model: EncoderDecoder,
  { text, ...chosen }: WritingOptions & { readonly text: string },
  report: (written: Written) => void,
  { signal, stop }: WriteSignals,
): Promise<Ended> {
  const { decoder } = model.config;
  const source = model.sourceTokenizer.encode(text).map((id) => tokenText(model.sourceTokenizer, id));
  const most = Math.min(chosen.maxTokens ?? model.defaults.options.maxTokens ?? standardMost, model.context);
  const parts = decoder.layers * decoder.heads;
  // Of longer texts there is the mean alone.
  const perHead = 4 * parts * most * source.length <= mostPerHead;
  report({ kind: "source", tokens: source, perHead });

  const ids: number[] = [];
  const failed = new AbortController();
  let writing = true;
  let wake = () => {};

  const align = async () => {
    for (let from = 0; ; ) {
      if (from < ids.length) {
        const known = [...ids];
        const found = await model.crossAttention(text, known, { perHead, signal });
        report({ kind: "rows", from, rows: rowsOf(found, from, known.length, parts) });
        from = known.length;
      } else if (writing) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      } else return;
    }
  };
  const aligned = align().catch((error: unknown) => failed.abort(error));

  const ended = await model
    .generate(text, {
      ...chosen,
      // A folder may say that its model draws; the page shows the likeliest text, which is the same every time.
      temperature: 0,
      signal: AbortSignal.any([signal, stop, failed.signal]),
      onToken: ({ token, text: piece }) => {
        if (token !== undefined) ids.push(token);
        report({
          kind: "piece",
          token: token === undefined ? undefined : tokenText(model.tokenizer, token),
          text: piece,
        });
        wake();
      },
    })
    .catch((error: unknown) => {
      if (stop.aborted && error === stop.reason) return undefined;
      throw error;
    })
    .finally(() => {
      writing = false;
      wake();
    });
  await aligned;
  failed.signal.throwIfAborted();
  const [result] = ended?.results ?? [];
  return {
    stopReason: result?.stopReason ?? "stopped",
    score: result?.score,
    encode: ended?.timings.encode ?? 0,
    tokensPerSecond: ended?.timings.tokensPerSecond ?? 0,
  };
}

/** Of tokens from one to another the weights of each head, or where these are not known the mean. */
function rowsOf(
  { weights, perHead, sourceIds }: Awaited<ReturnType<EncoderDecoder["crossAttention"]>>,
  from: number,
  to: number,
  parts: number,
): Float32Array<ArrayBuffer>[] {
  if (!perHead) return weights.slice(from, to).map((row) => Float32Array.from(row));
  const sources = sourceIds.length;
  return Array.from({ length: to - from }, (_, i) => {
    const row = new Float32Array(parts * sources);
    for (let part = 0; part < parts; part++) {
      const begin = (part * weights.length + from + i) * sources;
      row.set(perHead.subarray(begin, begin + sources), part * sources);
    }
    return row;
  });
}
