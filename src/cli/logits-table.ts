import type { Tokenizer } from "../text/tokenizer.ts";

/** Number of likely tokens shown for one position, and for each of several. */
const shownForOne = 10;
const shownForEach = 3;

/** Formats the likeliest next tokens for people: at the last position, or at each. */
export function logitsTable(tokenizer: Tokenizer, ids: readonly number[], rows: readonly Float64Array[]): string {
  const text = (id: number) => JSON.stringify(tokenizer.decode([id], { skipSpecialTokens: false }));
  const several = rows.length > 1;
  const lines: string[] = [];
  rows.forEach((row, index) => {
    const position = several ? index : ids.length - 1;
    lines.push(`position ${position}, after ${text(ids[position] ?? 0)}`);
    lines.push("     id      logit  probability");
    for (const { id, logit, probability } of likeliest(row, several ? shownForEach : shownForOne)) {
      const share = `${(100 * probability).toFixed(2)} %`;
      lines.push(`${String(id).padStart(7)} ${logit.toFixed(4).padStart(10)} ${share.padStart(12)}  ${text(id)}`);
    }
  });
  return `${lines.join("\n")}\n`;
}

function likeliest(logits: Float64Array, count: number) {
  const highest = logits.reduce((most, logit) => Math.max(most, logit), Number.NEGATIVE_INFINITY);
  const total = logits.reduce((sum, logit) => sum + Math.exp(logit - highest), 0);
  return [...logits.keys()]
    .sort((a, b) => (logits[b] ?? 0) - (logits[a] ?? 0))
    .slice(0, count)
    .map((id) => {
      const logit = logits[id] ?? 0;
      return { id, logit, probability: Math.exp(logit - highest) / total };
    });
}
