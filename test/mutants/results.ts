import type { Area } from "./areas.ts";
import type { Mutant } from "./mutant.ts";
import { type FileRecord, kinds, type Records } from "./records.ts";
import { survivors } from "./survivors.ts";

/** Single-token mistakes of a file that are tried. */
export const perFile = 5;

const titles = { hand: "written by hand", token: "single token, seeded", barrier: "barrier left out" } as const;

/** The records of an area, for people. */
export function formatResults(
  area: Area,
  records: Records,
  run: { readonly adapter: string; readonly seed: number },
): string {
  const all = Object.entries(records).sort(([a], [b]) => (a < b ? -1 : 1));
  const rows = kinds.map((kind) => {
    const sum = (which: 0 | 1) => all.reduce((total, [, { counts }]) => total + counts[kind][which], 0);
    return `| ${titles[kind]} | ${sum(1)} | ${sum(0)} | ${sum(1) - sum(0)} |`;
  });
  const perFile = all.map(([file, { counts }]) => {
    const cells = kinds.map((kind) => (counts[kind][1] === 0 ? "" : counts[kind].join("/")));
    return `| ${file} | ${cells.join(" | ")} |`;
  });
  const left = all
    .flatMap(([, record]) => Object.entries(record.left))
    .map(([id, message]) => `- \`${id}\`: ${survivors[id] ?? `**no reason given** (${message})`}`)
    .sort();
  const minutes = all.reduce((sum, [, { seconds }]) => sum + seconds, 0) / 60;
  return [
    `# Mutants: ${area}`,
    "",
    "Mistakes made on purpose, one at a time, against the tests in `test/kernels` and `test/blocks`. Written by `npm run test:mutants`.",
    "",
    `${run.adapter}; seed ${run.seed}; ${minutes.toFixed(1)} min in one process.`,
    "",
    "| mistakes | made | noticed | survived |",
    "|---|---|---|---|",
    ...rows,
    "",
    "## Survivors, and why they are no mistakes",
    "",
    ...left,
    "",
    "## By file: noticed of made",
    "",
    "| file | by hand | single token | barrier |",
    "|---|---|---|---|",
    ...perFile,
    "",
  ].join("\n");
}

/** A file of which there is no record, and its mistakes. */
interface Stale {
  readonly area: Area;
  readonly file: string;
  readonly must: readonly Mutant[];
  readonly may: readonly Mutant[];
}

/** Files that have not been tried since they changed, how many mistakes that is, and about how long they will take. */
export function formatStale(stale: readonly Stale[], records: ReadonlyMap<string, FileRecord>): string {
  const known = [...records.values()];
  const madeIn = ({ counts }: FileRecord) => kinds.reduce((sum, kind) => sum + counts[kind][1], 0);
  const each = known.reduce((sum, { seconds }) => sum + seconds, 0) / known.reduce((sum, one) => sum + madeIn(one), 0);
  const rows = stale.map(({ area, file, must, may }) => {
    const mistakes = must.length + Math.min(may.length, perFile);
    const before = records.get(file);
    return { mistakes, text: `${area}: ${file}: ${mistakes} mistakes, ${before ? "changed" : "new"}` };
  });
  const mistakes = rows.reduce((sum, row) => sum + row.mistakes, 0);
  const minutes = Number.isFinite(each) ? `, about ${Math.ceil((mistakes * each) / 60)} min in one process` : "";
  return [...rows.map((row) => row.text), `${rows.length} files, ${mistakes} mistakes${minutes}`].join("\n");
}
