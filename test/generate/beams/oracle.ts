// Beam search in float64 by the rules of transformers 5.0, in its own terms: arrays of fixed sizes, −1e9 for what is
// not there, one source.

/** Logits after a text. */
export type Logits = (text: readonly number[]) => readonly number[];

/** The rules. */
export interface OracleRules {
  readonly beams: number;
  readonly lengthPenalty: number;
  readonly earlyStopping: boolean | "never";
  readonly eos: readonly number[];
  readonly maxTokens: number;
  /** Tokens that may not come after a text. */
  readonly banned?: (text: readonly number[]) => readonly number[];
}

interface Beam {
  readonly tokens: readonly number[];
  readonly score: number;
  readonly finished: boolean;
}

export const logSoftmax = (logits: readonly number[]): number[] => {
  const largest = Math.max(...logits);
  const log = largest + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0));
  return logits.map((logit) => logit - log);
};

/** The texts that have ended, best first. */
export function oracle(logits: Logits, rules: OracleRules): readonly { tokens: readonly number[]; score: number }[] {
  const { beams, lengthPenalty, earlyStopping, eos, maxTokens, banned = () => [] } = rules;
  const keep = Math.max(2, 1 + eos.length) * beams;
  let running = Array.from(
    { length: beams },
    (_, i): Beam => ({ tokens: [], score: i === 0 ? 0 : -1e9, finished: false }),
  );
  let done = Array.from({ length: beams }, (): Beam => ({ tokens: [], score: -1e9, finished: false }));
  let unsatisfied = true;
  for (let length = 0; ; ) {
    const all = running.flatMap(({ tokens, score }, beam) => {
      const not = new Set(banned(tokens));
      return logSoftmax(logits(tokens)).map((logprob, token) => ({
        beam,
        token,
        total: score + (not.has(token) ? Number.NEGATIVE_INFINITY : logprob),
      }));
    });
    all.sort((p, q) => (p.total === q.total ? p.token - q.token || p.beam - q.beam : q.total - p.total));
    const top = all.slice(0, keep).map(({ beam, token, total }) => {
      const tokens = [...(running[beam]?.tokens ?? []), token];
      return { tokens, total, stops: eos.includes(token) || length + 1 >= maxTokens };
    });
    const open = top.map(({ tokens, total, stops }) => ({
      tokens,
      score: total + (stops ? -1e9 : 0),
      finished: false,
    }));
    running = open.sort((p, q) => q.score - p.score).slice(0, beams);
    const full = done.every(({ finished }) => finished) && earlyStopping === true;
    const merged = [
      ...done,
      ...top.map(({ tokens, total, stops }, rank): Beam => {
        const finished = stops && rank < beams;
        let score = total / (length + 1) ** lengthPenalty;
        if (full || !unsatisfied || !finished) score -= 1e9;
        return { tokens, score, finished };
      }),
    ];
    done = merged.sort((p, q) => q.score - p.score).slice(0, beams);
    length++;
    const hypothetical = earlyStopping === "never" && lengthPenalty > 0 ? maxTokens : length;
    const possible = (running[0]?.score ?? 0) / hypothetical ** lengthPenalty;
    const worst = Math.min(...done.map(({ score }) => score));
    unsatisfied &&= done.some(({ finished }) => possible > (finished ? worst : -1e9));
    const openBeam = !(done.every(({ finished }) => finished) && earlyStopping === true);
    if (!unsatisfied || !openBeam || top.every(({ stops }) => stops)) break;
  }
  return done.filter(({ finished }) => finished);
}
