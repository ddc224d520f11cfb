import type { TokenLogprob } from "../../generate/session/row.ts";
import type { LoadedEntry } from "../direct/loaded.ts";
import type { EnginePiece } from "../generate-request.ts";
import type { ChatLogprob, ChatLogprobs, CompletionLogprobs, TopLogprob } from "./types.ts";

function topOf({ model }: LoadedEntry, { token, text, logprob }: TokenLogprob): TopLogprob {
  const bytes = model.tokenizer.bytesOf(token);
  return { token: text, bytes: bytes ? [...bytes] : null, logprob };
}

/** The token of a piece with its log-probability; undefined for text alone, and for the token that ends an answer. */
function chosenOf({ model }: LoadedEntry, { token, tokenText: text = "", logprob }: EnginePiece) {
  if (token === undefined || logprob === undefined || model.defaults.eos.includes(token)) return undefined;
  return { token, text, logprob };
}

/** The log-probabilities of pieces of a chat answer, each with the `most` likeliest tokens. */
export function chatLogprobs(entry: LoadedEntry, pieces: readonly EnginePiece[], most: number): ChatLogprobs {
  const content = pieces.flatMap((piece): ChatLogprob[] => {
    const chosen = chosenOf(entry, piece);
    if (!chosen) return [];
    const top = (piece.top ?? []).slice(0, most).map((one) => topOf(entry, one));
    return [{ ...topOf(entry, chosen), top_logprobs: top }];
  });
  return { content, refusal: null };
}

/** The log-probabilities of pieces of a continuation; `offset` is that of their text. */
export function completionLogprobs(
  entry: LoadedEntry,
  pieces: readonly EnginePiece[],
  most: number,
  offset: number,
): CompletionLogprobs {
  const all: CompletionLogprobs = { tokens: [], token_logprobs: [], top_logprobs: [], text_offset: [] };
  let at = offset;
  for (const piece of pieces) {
    const chosen = chosenOf(entry, piece);
    if (!chosen) continue;
    all.tokens.push(chosen.text);
    all.token_logprobs.push(chosen.logprob);
    const top = (piece.top ?? []).slice(0, most).map(({ text, logprob }) => [text, logprob]);
    all.top_logprobs.push(Object.fromEntries(top));
    all.text_offset.push(at);
    at += chosen.text.length;
  }
  return all;
}
