import { type Ban, clearBanned } from "./bans.ts";
import type { BeamModel, BeamPairs, BeamSource, BeamStep } from "./model.ts";
import {
  advanceSearch,
  type BeamRules,
  beginSearch,
  type Candidate,
  candidatesOf,
  endedNow,
  type RowTaps,
  type Search,
  stableText,
} from "./search.ts";

/** How several sources are searched. */
export interface SearchesOptions extends Omit<BeamRules, "maxTokens"> {
  readonly vocabulary: number;
  /** The bans. */
  readonly bans: readonly Ban[];
  /** The error for logits that are not finite, after a number of tokens of a source. */
  readonly notFinite: (source: number, tokens: number) => Promise<Error>;
}

/** The certain part of a source's result after a step. */
export interface SearchProgress {
  readonly source: number;
  /** The tokens that its result begins with, and their taps, if any. */
  readonly tokens: readonly number[];
  readonly taps?: readonly RowTaps[];
  /** The result, best first, once the search has ended; `stopped` if it was stopped, or all tokens were banned. */
  readonly ended?: { readonly texts: Search["ended"]; readonly stopped: boolean };
}

/** A source during its search. */
interface Running {
  readonly source: BeamSource;
  readonly rules: BeamRules;
  search: Search;
  /** The row of each open text, counted within the source. */
  rows: number[];
}

/**
 * Searches all sources step by step and yields what is certain for each. Once `stop` aborts, open texts end as they
 * are.
 */
export async function* searchAll(
  model: BeamModel,
  sources: readonly BeamSource[],
  options: SearchesOptions,
  stop: AbortSignal,
): AsyncGenerator<SearchProgress, void> {
  const { beams, vocabulary } = options;
  const n = Math.min(candidatesOf(options), beams * vocabulary);
  const running = sources.map((source): Running => {
    const rules = { ...options, maxTokens: source.maxTokens };
    const search = beginSearch();
    return { source, rules, search: source.maxTokens > 0 ? search : { ...search, done: true }, rows: [0] };
  });
  let parents = running.map(() => [0]);
  try {
    for (let index = 0; running.some(({ search }) => !search.done); index++) {
      stop.throwIfAborted();
      const pairs = await model(stepOf(index, running, parents, options), stop);
      const advanced = await Promise.all(
        running.map((one, at) => (one.search.done ? undefined : next(one, at, pairs, n, options))),
      );
      parents = running.map(({ rows }) => rows.map(() => 0));
      for (const [at, search] of advanced.entries()) {
        const one = running[at];
        if (!one || !search) continue;
        const from = search.open.map(({ parent }) => one.rows[parent] ?? 0);
        one.rows = assignRows(from, beams);
        parents[at] = from;
        const stopped = search.done && search.length === one.search.length;
        one.search = search;
        const { tokens, taps } = stableText(search, one.rules);
        yield {
          source: at,
          tokens,
          ...(taps && { taps }),
          ...(search.done ? { ended: { texts: search.ended, stopped } } : {}),
        };
      }
    }
  } catch (error) {
    if (!stop.aborted || error !== stop.reason) throw error;
    for (const [at, { search, rules }] of running.entries()) {
      if (search.done) continue;
      const texts = endedNow(search, rules);
      const { tokens = [], taps } = texts[0] ?? {};
      yield { source: at, tokens, ...(taps && { taps }), ended: { texts, stopped: true } };
    }
  }
}

/** The rows of a step; `parents` are the rows that open texts continue, by source and rank. */
function stepOf(
  index: number,
  running: readonly Running[],
  parents: readonly (readonly number[])[],
  { beams, vocabulary, bans }: SearchesOptions,
): BeamStep {
  const rows = running.length * beams;
  const live = new Uint8Array(rows);
  const [last, ranks] = [new Uint32Array(rows), new Uint32Array(rows)];
  const scores = new Float32Array(rows).fill(Number.NEGATIVE_INFINITY);
  const own = Uint32Array.from({ length: rows }, (_, row) => row);
  const words = Math.ceil(vocabulary / 32);
  const allowed = bans.length > 0 ? new Uint32Array(rows * words).fill(0xffffffff) : undefined;
  for (const [at, { source, search, rows: rowOf }] of running.entries()) {
    if (search.done) continue;
    for (const [rank, { tokens, total }] of search.open.entries()) {
      const row = at * beams + (rowOf[rank] ?? 0);
      live[row] = 1;
      last[row] = tokens.at(-1) ?? source.prompt.at(-1) ?? 0;
      ranks[row] = rank;
      scores[row] = total;
      own[row] = at * beams + (parents[at]?.[rank] ?? 0);
      const bits = allowed?.subarray(row * words, (row + 1) * words);
      if (bits) clearBanned(bits, bans, [...source.prompt, ...tokens], vocabulary);
    }
  }
  const moved = own.some((parent, row) => parent !== row);
  return { index, live, last, parents: own, moved, scores, ranks, allowed };
}

/** A source's search after a step with these pairs. */
async function next(
  { source, rules, search, rows }: Running,
  at: number,
  { ids, totals, taps }: BeamPairs,
  n: number,
  { beams, vocabulary, notFinite }: SearchesOptions,
): Promise<Search> {
  const tapsOf = taps && ((rank: number) => taps[at * beams + (rows[rank] ?? 0)] ?? []);
  const forced = source.forced?.(search.length);
  if (forced !== undefined) {
    const candidates = search.open.map(({ total }, rank) => ({ rank, token: forced, total }));
    return advanceSearch(search, candidates, rules, tapsOf);
  }
  const candidates = Array.from({ length: n }, (_, i): Candidate => {
    const id = ids[at * n + i] ?? 0;
    return { rank: Math.floor(id / vocabulary), token: id % vocabulary, total: totals[at * n + i] ?? Number.NaN };
  });
  if (candidates.some(({ total }) => Number.isNaN(total))) {
    throw await notFinite(at, source.prompt.length + search.length);
  }
  return advanceSearch(search, candidates, rules, tapsOf);
}

/**
 * The row of each open text, given the row of the text that it continues, best first. The first to continue a row stays
 * there; the others get rows that no text continues. So copied rows stay unchanged and overwritten ones are no longer
 * needed: caches are reordered in place.
 */
export function assignRows(parents: readonly number[], rows: number): number[] {
  const taken = new Set(parents);
  const free = Array.from({ length: rows }, (_, row) => row).filter((row) => !taken.has(row));
  const stayed = new Set<number>();
  return parents.map((parent) => {
    const stays = !stayed.has(parent);
    stayed.add(parent);
    const row = stays ? parent : free.shift();
    if (row === undefined) throw new RangeError(`${parents.length} texts for ${rows} rows`);
    return row;
  });
}
