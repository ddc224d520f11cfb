import type { Area } from "./areas.ts";
import { kinds, type Records } from "./records.ts";
import { survivors } from "./survivors.ts";

const titles = { hand: "written by hand", token: "single token, seeded", barrier: "barrier left out" } as const;

/** The records of an area, for people. */
export function formatResults(
  area: Area,
  records: Records,
  run: { readonly adapter: string; readonly tests: number; readonly seed: number },
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
    `${run.adapter}; ${run.tests} tests; seed ${run.seed}; ${minutes.toFixed(1)} min in one process.`,
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
