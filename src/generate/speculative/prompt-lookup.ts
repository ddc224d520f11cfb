/**
 * The tokens that followed the last tokens where these occurred before: of at most `ngram` tokens, the longest match, and
 * of several the latest (prompt lookup, Saxena 2023; PLD in llama.cpp and transformers). A continuation that reaches the
 * end goes on with itself, so that text that repeats is proposed as long as it is wanted. At most `most` tokens; none
 * where fewer than `least` tokens match.
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
