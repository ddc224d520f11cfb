import type { ResolvedOptions } from "../options.ts";
import type { Piece, Row, StopReason, TokenLogprob } from "./row.ts";
import type { RunInputs } from "./run-inputs.ts";
import type { StepResults } from "./step-results.ts";

/** Appends to each live row its token. */
export function* advance(
  rows: readonly Row[],
  { chosen, ids, logprobs, chosenLogprob, chosenRank }: StepResults,
  { tokenizer, context }: RunInputs,
  { maxTokens, logprobs: n }: ResolvedOptions,
): Generator<Piece> {
  for (const row of rows) {
    if (row.stopReason !== undefined) continue;
    const token = chosen[row.index] ?? 0;
    let text = row.push(token);
    if (row.stopReason === undefined && row.tokens.length >= maxTokens) text += row.finish("length");
    if (row.stopReason === undefined && row.promptTokens.length + row.tokens.length >= context)
      text += row.finish("context");
    const top: TokenLogprob[] = [];
    for (let i = 0; i < n && ids && logprobs; i++) {
      const id = ids[row.index * n + i] ?? 0;
      top.push({
        token: id,
        text: tokenizer.decode([id], { skipSpecialTokens: false }),
        logprob: logprobs[row.index * n + i] ?? 0,
      });
    }
    const known = chosenLogprob && { logprob: chosenLogprob[row.index], rank: chosenRank?.[row.index], top };
    yield { row: row.index, token, text, ...known };
  }
}

/** Ends a row, with the remaining text. */
export function closing(row: Row, reason: StopReason): Piece {
  return { row: row.index, token: undefined, text: row.finish(reason) };
}
