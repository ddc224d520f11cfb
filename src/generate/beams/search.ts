// Beam search over a distribution that is computed elsewhere: which texts go on, which have ended, and when to stop. The
// rules are those of transformers 5.0, `_beam_search` of generation/utils.py.

/** When a search ends, and how texts of unequal length are compared. */
export interface BeamRules {
  /** Texts that are open at once, and the most that are kept of those that have ended. */
  readonly beams: number;
  /** Scores are log-probabilities over length^lengthPenalty: above 0 longer texts gain, below 0 shorter ones. */
  readonly lengthPenalty: number;
  /**
   * True: as soon as `beams` texts have ended. False: once the best open text, as long as it is, is no better than the
   * worst of these. `never`: once it could not become better either, were it as long as texts may be where that helps.
   */
  readonly earlyStopping: boolean | "never";
  /** Tokens that end a text. */
  readonly eos: readonly number[];
  /** Most tokens of a text. */
  readonly maxTokens: number;
}

/** A text by one token longer. */
export interface Candidate {
  /** The open text that it goes on from: 0 is the best one. */
  readonly rank: number;
  readonly token: number;
  /** Sum of the log-probabilities of all its tokens. */
  readonly total: number;
}

/** What a step tapped of one row. */
export type RowTaps = readonly Float32Array[];

/** What a text consists of. */
interface Text {
  readonly tokens: readonly number[];
  /** Of each token, what the step that gave it tapped of the row that the text was in then; unset where steps tap nothing. */
  readonly taps?: readonly RowTaps[];
}

/** A text that goes on. */
export interface OpenText extends Text {
  /** Sum of the log-probabilities of its tokens. */
  readonly total: number;
  /** The rank that the text had before which it goes on from. */
  readonly parent: number;
}

/** A text that has ended: by an end token, or because it may not be longer. */
export interface EndedText extends Text {
  /** `total / length^lengthPenalty`, the length with the end token. */
  readonly score: number;
}

/** A search for one source. */
export interface Search {
  /** Best first. */
  readonly open: readonly OpenText[];
  /** Best first, of equal ones the earlier. */
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

/**
 * How many candidates a step needs: `beams` of them are left for texts that go on, whichever of the others are end tokens.
 */
export const candidatesOf = ({ beams, eos }: Pick<BeamRules, "beams" | "eos">): number =>
  Math.max(2, 1 + eos.length) * beams;

const scoreOf = (total: number, length: number, { lengthPenalty }: BeamRules): number =>
  total / length ** lengthPenalty;

/** The open texts as if they ended now, and those that have: what a search that is stopped has found, best first. */
export function endedNow({ open, ended, length }: Search, rules: BeamRules): readonly EndedText[] {
  if (length === 0) return ended;
  const now = open.map(({ total, parent: _, ...text }) => ({ ...text, score: scoreOf(total, length, rules) }));
  return kept([...ended, ...now], rules);
}

/** The best of these, of equal ones the earlier. */
const kept = (texts: readonly EndedText[], { beams }: BeamRules): EndedText[] =>
  [...texts].sort((a, b) => b.score - a.score).slice(0, beams);

/**
 * One step. `candidates` are the best continuations of all open texts together, at least `candidatesOf` of them or all
 * that there are, best first; of equal ones the one with the lower token, then with the better rank. Those that may not
 * come at all (total −∞) are left out. Where there is none, the open texts end as they are. `tapsOf` is what the step tapped
 * of the row of each open text.
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
      // What comes later among the candidates is there to go on, not to end.
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

/** True where an open text, or one that goes on from it, can become better than the best that has ended. */
function canWin(total: number, length: number, best: EndedText, rules: BeamRules): boolean {
  // Totals only fall: the best score there can be is that of the same total, at the length that suits it.
  const lengths = [Math.max(1, length), rules.maxTokens];
  return lengths.some((one) => scoreOf(total, one, rules) > best.score);
}

/** What the result begins with, whatever comes: what all texts share that may still win. */
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
  // Texts of the same beginning have it of one another, so that what was tapped of it is the same as well.
  return { tokens: first.tokens.slice(0, shared), ...(first.taps && { taps: first.taps.slice(0, shared) }) };
}
