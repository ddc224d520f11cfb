/** Which text is cut where a pair is too long: the longer one until both are equal, or one alone. */
export type Truncation = "longest_first" | "only_first" | "only_second";

export const TRUNCATIONS = ["longest_first", "only_first", "only_second"] as const satisfies readonly Truncation[];

/**
 * How many tokens of each text are kept so that they are `most` together (huggingface/tokenizers,
 * src/utils/truncation.rs); the second is 0 for a text alone. Undefined where the text that may be cut would have none
 * left.
 */
export function keptTokens(
  first: number,
  second: number,
  most: number,
  truncation: Truncation,
  hasPair: boolean,
): readonly [number, number] | undefined {
  const surplus = first + second - most;
  if (surplus <= 0) return [first, second];
  if (truncation === "longest_first") {
    if (!hasPair) return [most, 0];
    const shorter = Math.min(first, second);
    let [less, more] = [shorter, shorter > most ? shorter : Math.max(shorter, most - shorter)];
    if (less + more > most) {
      less = Math.floor(most / 2);
      more = less + (most % 2);
    }
    return first > second ? [more, less] : [less, more];
  }
  const target = truncation === "only_first" ? first : second;
  if (target <= surplus) return undefined;
  return truncation === "only_first" ? [first - surplus, second] : [first, second - surplus];
}
