// Beam search over a distribution computed elsewhere: which texts continue, which have ended, and when to stop. The
// rules are those of transformers 5.0, `_beam_search` of generation/utils.py.

/** When a search ends, and how texts of different lengths compare. */
export interface BeamRules {
  /** Number of open texts, and maximum of ended texts kept. */
  readonly beams: number;
  /** Scores are log-probabilities over length^lengthPenalty: above 0 favours longer texts, below 0 shorter ones. */
  readonly lengthPenalty: number;
  /**
   * True: as soon as `beams` texts have ended. False: once the best open text, at its current length, is no better than
   * the worst of these. `never`: once it could not become better at any length either.
   */
  readonly earlyStopping: boolean | "never";
  /** Tokens that end a text. */
  readonly eos: readonly number[];
  /** Maximum tokens of a text. */
  readonly maxTokens: number;
}

/** A text extended by one token. */
export interface Candidate {
  /** The open text that it continues: 0 is the best one. */
  readonly rank: number;
  readonly token: number;
  /** Sum of the log-probabilities of all its tokens. */
  readonly total: number;
}

/** What a step tapped for one row. */
export type RowTaps = readonly Float32Array[];

/** The contents of a text. */
interface Text {
  readonly tokens: readonly number[];
  /** For each token, what its step tapped for the text's row at the time; unset without taps. */
  readonly taps?: readonly RowTaps[];
}

/** A text that continues. */
interface OpenText extends Text {
  /** Sum of the log-probabilities of its tokens. */
  readonly total: number;
  /** The previous rank of the text that it continues. */
  readonly parent: number;
}

/** A text that has ended: by an end token, or at the maximum length. */
interface EndedText extends Text {
  /** `total / length^lengthPenalty`, the length with the end token. */
  readonly score: number;
}

/** A search for one source. */
export interface Search {
  /** Best first. */
  readonly open: readonly OpenText[];
  /** Best first, earlier first among equals. */
  readonly ended: readonly EndedText[];
  /** Tokens of each open text. */
  readonly length: number;
  readonly done: boolean;
}

const nothing: Text = { tokens: [] };

/** A search before its first token. */
export const beginSearch = (): Search => ({
  open: [{ ...nothing, total: 0, parent: 0 }],
  ended: [],
  length: 0,
  done: false,
});

/** How many candidates a step needs: enough that `beams` of them continue even if all others are end tokens. */
export const candidatesOf = ({ beams, eos }: Pick<BeamRules, "beams" | "eos">): number =>
  Math.max(2, 1 + eos.length) * beams;

const scoreOf = (total: number, length: number, { lengthPenalty }: BeamRules): number =>
  total / length ** lengthPenalty;

/** The open texts as if they ended now, and the ended ones: the result of a stopped search, best first. */
export function endedNow({ open, ended, length }: Search, rules: BeamRules): readonly EndedText[] {
  if (length === 0) return ended;
  const now = open.map(({ total, parent: _, ...text }) => ({ ...text, score: scoreOf(total, length, rules) }));
  return kept([...ended, ...now], rules);
}

/** The best of these, earlier first among equals. */
const kept = (texts: readonly EndedText[], { beams }: BeamRules): EndedText[] =>
  [...texts].sort((a, b) => b.score - a.score).slice(0, beams);

/**
 * One step. `candidates` are the best continuations of all open texts together, at least `candidatesOf` of them or all
 * that exist, best first; ties go to the lower token, then the better rank. Impossible ones (total −∞) are left out.
 * Without any, the open texts end as they are. `tapsOf` is what the step tapped for the row of each open text.
 */
export function advanceSearch(
  before: Search,
  candidates: readonly Candidate[],
  rules: BeamRules,
  tapsOf?: (rank: number) => RowTaps,
): Search {
  const { beams, eos, maxTokens, earlyStopping } = rules;
  const possible = candidates.filter(({ total }) => total > Number.NEGATIVE_INFINITY);
  if (possible.length === 0) return { ...before, open: [], ended: endedNow(before, rules), done: true };
  const length = before.length + 1;
  const open: OpenText[] = [];
  const ended: EndedText[] = [];
  for (const [place, { rank, token, total }] of possible.entries()) {
    const text = (): Text => {
      const { tokens, taps = [] } = before.open[rank] ?? nothing;
      return { tokens: [...tokens, token], ...(tapsOf && { taps: [...taps, tapsOf(rank)] }) };
    };
    if (length >= maxTokens || eos.includes(token)) {
      // Later candidates may only continue, not end.
      if (place < beams) ended.push({ ...text(), score: scoreOf(total, length, rules) });
    } else if (open.length < beams) open.push({ ...text(), total, parent: rank });
  }
  const best = kept([...before.ended, ...ended], rules);
  const full = best.length === beams;
  const [first] = open;
  const usual = earlyStopping === "never" && rules.lengthPenalty > 0 ? maxTokens : length;
  const improves = first && (!full || scoreOf(first.total, usual, rules) > (best.at(-1) as EndedText).score);
  return { open, ended: best, length, done: !improves || (full && earlyStopping === true) };
}

/** True if an open text, or a continuation of it, can still beat the best ended one. */
function canWin(total: number, length: number, best: EndedText, rules: BeamRules): boolean {
  // Totals only fall, so the best possible score has the same total at the most favourable length.
  const lengths = [Math.max(1, length), rules.maxTokens];
  return lengths.some((one) => scoreOf(total, one, rules) > best.score);
}

/** The certain beginning of the result: the common prefix of all texts that may still win. */
export function stableText({ open, ended, length, done }: Search, rules: BeamRules): Text {
  const [best] = ended;
  if (done) return best ?? nothing;
  const rivals = open.filter(({ total }) => !best || canWin(total, length, best, rules));
  const [first = nothing, ...others]: readonly Text[] = best ? [best, ...rivals] : rivals;
  let shared = first.tokens.length;
  for (const { tokens } of others) {
    let same = 0;
    while (same < shared && first.tokens[same] === tokens[same]) same++;
    shared = same;
  }
  // Texts with the same prefix share its history, so its taps are the same too.
  return { tokens: first.tokens.slice(0, shared), ...(first.taps && { taps: first.taps.slice(0, shared) }) };
}
