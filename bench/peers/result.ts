import type { BenchResult, BenchRow } from "../result.ts";

/** A row in the project's common form, with its engine. */
export interface PeerRow extends BenchRow {
  /** The engine's name, such as `jax-js`. */
  readonly engine: string;
  readonly engineVersion: string | null;
  /**
   * The time of the fastest correct peer over this row's: 2 means twice as fast. Null if this row has no time or no
   * peer is correct.
   */
  readonly ratioToFastestPeer: number | null;
}

/** An engine's description. */
export interface EngineReport {
  readonly name: string;
  readonly peer: boolean;
  readonly summary: string;
  readonly version: string | null;
  readonly device: string | null;
  /** The reason why it could not be opened. */
  readonly failure: string | null;
}

/** The page's result, in the form of every bench, with the engines. */
export interface PeerResult extends BenchResult {
  readonly engines: readonly EngineReport[];
  readonly rows: readonly PeerRow[];
  /** If it ended before the last case: the cases without a row, as requested, and the reason. */
  readonly unfinished?: { readonly cases: readonly string[]; readonly reason: string };
}

/** The rows of one case with the comparison columns filled in; only correct results are compared. */
export function compared(rows: readonly PeerRow[], peers: ReadonlySet<string>): PeerRow[] {
  const fastest = (some: readonly PeerRow[]) =>
    Math.min(...some.flatMap(({ medianMs }) => (medianMs === null ? [] : [medianMs])));
  const fastestPeer = fastest(rows.filter(({ engine }) => peers.has(engine)));
  const fastestOfAll = fastest(rows);
  return rows.map((row) => {
    const { medianMs } = row;
    if (medianMs === null) return { ...row, shareOfFastest: null, ratioToFastestPeer: null };
    const ratioToFastestPeer = Number.isFinite(fastestPeer) ? fastestPeer / medianMs : null;
    return { ...row, shareOfFastest: fastestOfAll / medianMs, ratioToFastestPeer };
  });
}

/** One sentence for each case: how this engine compares with the fastest correct peer. */
export function verdicts({ rows, engines }: Pick<PeerResult, "rows" | "engines">): string[] {
  const peers = new Set(engines.filter(({ peer }) => peer).map(({ name }) => name));
  const cases = new Map<string, PeerRow[]>();
  for (const row of rows) cases.set(caseOf(row), [...(cases.get(caseOf(row)) ?? []), row]);
  return [...cases].map(([name, all]) => {
    const byTime = (some: PeerRow[]) =>
      some.filter(({ medianMs }) => medianMs !== null).sort((a, b) => Number(a.medianMs) - Number(b.medianMs))[0];
    const ours = byTime(all.filter(({ engine }) => !peers.has(engine)));
    const best = byTime(all.filter(({ engine }) => peers.has(engine)));
    if (!ours) return `${name}: this engine has no correct result`;
    if (!best) return `${name}: no peer has a correct result`;
    const ratio = Number(ours.ratioToFastestPeer).toPrecision(3);
    const time = (row: PeerRow) => `${Number(row.medianMs).toPrecision(3)} ms`;
    return `${name}: ${ratio}× the fastest correct peer (${time(ours)}; ${best.engine} ${best.variant} ${time(best)})`;
  });
}

/** A readable description of a row's case. */
export const caseOf = ({ op, batch, heads, mask, model }: BenchRow): string =>
  [op, batch, heads, mask, model].filter((word) => word !== null).join(" ");
