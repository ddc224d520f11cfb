import type { Area } from "./areas.ts";
import type { Mutant } from "./mutant.ts";
import { survivors } from "./survivors.ts";

/** How one mutant fared. */
export interface Outcome {
  readonly mutant: Mutant;
  readonly end: "noticed" | "survived" | "invalid";
  readonly message: string;
  readonly seconds: number;
}

const titles = { hand: "written by hand", token: "single token, seeded", barrier: "barrier left out" } as const;

/** The outcome of a run, for people. */
export function formatResults(
  area: Area,
  outcomes: readonly Outcome[],
  run: { readonly adapter: string; readonly tests: number; readonly seed: number; readonly time: string },
): string {
  const kinds = ["hand", "token", "barrier"] as const;
  const rows = kinds.map((kind) => {
    const of = outcomes.filter(({ mutant }) => mutant.kind === kind);
    const count = (end: Outcome["end"]) => of.filter((outcome) => outcome.end === end).length;
    return `| ${titles[kind]} | ${of.length} | ${count("noticed")} | ${count("survived")} |`;
  });
  const files = [...new Set(outcomes.map(({ mutant }) => mutant.file))].sort();
  const perFile = files.map((file) => {
    const of = outcomes.filter(({ mutant }) => mutant.file === file);
    const cells = kinds.map((kind) => {
      const those = of.filter(({ mutant }) => mutant.kind === kind);
      return those.length === 0 ? "" : `${those.filter(({ end }) => end === "noticed").length}/${those.length}`;
    });
    return `| ${file} | ${cells.join(" | ")} |`;
  });
  const left = outcomes
    .filter(({ end }) => end !== "noticed")
    .map(({ mutant, message }) => `- \`${mutant.id}\`: ${survivors[mutant.id] ?? `**no reason given** (${message})`}`)
    .sort();
  return [
    `# Mutants: ${area}`,
    "",
    "Mistakes made on purpose, one at a time, against the tests in `test/kernels` and `test/blocks`. Written by `npm run test:mutants`.",
    "",
    `${run.adapter}; ${run.tests} tests; seed ${run.seed}; ${run.time}.`,
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
