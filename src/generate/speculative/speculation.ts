import { type ResolvedOptions, samplingKind } from "../options.ts";
import type { Row } from "../session/row.ts";
import type { SequenceState } from "../session/sequence-state.ts";
import { draftModel, warmDraft, weightsOf } from "./draft-model.ts";
import type { DraftSequence } from "./draft-sequence.ts";
import type { Drafter } from "./drafter.ts";
import { type PromptLookup, type Speculation, usualNgram } from "./options.ts";
import { Verifier } from "./verifier.ts";

/**
 * Proposes what followed earlier occurrences of the last tokens; matches of a single token only while all proposals are
 * kept.
 */
const promptLookup = ({ ngram = usualNgram }: PromptLookup, tokens: number): Drafter => ({
  draft: (known, most) => lookUp(known, most, ngram, most < tokens ? Math.min(2, ngram) : 1),
});

/** Compiles the programs for proposing tokens after a prompt of this length. */
export async function warmSpeculation(
  state: SequenceState,
  { tokens }: Speculation,
  resolved: ResolvedOptions,
  draft: DraftSequence | undefined,
  length: number,
): Promise<void> {
  using verifier = new Verifier(state, samplingKind(resolved), tokens, draft && weightsOf(draft, resolved));
  await verifier.warm(length, state.signal);
  if (draft) await warmDraft(draft, resolved, length);
}

/** The drafter for `row`; `draft` is the memory of the draft model, if there is one. */
export async function openDrafter(
  { options, tokens }: Speculation,
  resolved: ResolvedOptions,
  draft: DraftSequence | undefined,
  row: Row,
  stop: AbortSignal,
): Promise<Drafter> {
  if (options.kind === "prompt-lookup") return promptLookup(options, tokens);
  if (!draft) throw new TypeError("a draft model needs memory to compute in");
  return await draftModel(draft, resolved, row, stop);
}

/**
 * The tokens that followed an earlier occurrence of the last tokens: the longest match of up to `ngram` tokens, and the
 * latest of several (prompt lookup, Saxena 2023; PLD in llama.cpp and transformers). A continuation that reaches the
 * end continues with itself, so repetitive text is proposed to any length. At most `most` tokens; none if fewer than
 * `least` tokens match.
 */
export function lookUp(tokens: readonly number[], most: number, ngram: number, least = 1): number[] {
  const end = tokens.length;
  let longest = 0;
  let from = 0;
  for (let next = end - 1; next > 0 && longest < ngram; next--) {
    let matched = 0;
    while (matched < ngram && matched < next && tokens[next - 1 - matched] === tokens[end - 1 - matched]) matched++;
    if (matched > longest) [longest, from] = [matched, next];
  }
  if (longest < least) return [];
  const draft: number[] = [];
  for (let i = from; draft.length < most; i++) draft.push((i < end ? tokens[i] : draft[i - end]) ?? 0);
  return draft;
}
