import { standardTiming } from "../../harness/timing.ts";
import { parseProblem, standardCases } from "../problems.ts";

/** The settings of a measurement, as stored in the page's URL. */
export interface Setup {
  /** In the notation of `parseProblem`. */
  readonly cases: readonly string[];
  /** Names of engines; undefined for all. */
  readonly engines: readonly string[] | undefined;
  readonly intervalMs: number;
  readonly samples: number;
  readonly budgetMs: number;
  readonly peaks: boolean;
}

/** Intervals are longer than in a bench of one engine, because each peer submits work differently. */
export const defaultSetup: Setup = {
  cases: standardCases,
  engines: undefined,
  intervalMs: 100,
  samples: standardTiming.samples,
  budgetMs: 2000,
  peaks: true,
};

/** The set-up in a URL's fragment; unknown cases and invalid numbers are ignored. */
export function readSetup(hash: string): Setup {
  const given = new URLSearchParams(hash.replace(/^#/, ""));
  const list = (name: string) => given.get(name)?.split(",").filter(Boolean);
  const number = (name: string, otherwise: number) => {
    const value = Number(given.get(name) ?? Number.NaN);
    return value >= 1 && value <= 1e6 ? value : otherwise;
  };
  return {
    cases: (list("cases") ?? defaultSetup.cases).filter(isCase),
    engines: list("engines"),
    intervalMs: number("interval", defaultSetup.intervalMs),
    samples: Math.floor(number("samples", defaultSetup.samples)),
    budgetMs: number("budget", defaultSetup.budgetMs),
    peaks: given.get("peaks") !== "0",
  };
}

/** The set-up as a URL's fragment. */
export function setupHash({ cases, engines, intervalMs, samples, budgetMs, peaks }: Setup): string {
  const numbers = [
    ["interval", intervalMs, defaultSetup.intervalMs],
    ["samples", samples, defaultSetup.samples],
    ["budget", budgetMs, defaultSetup.budgetMs],
  ] as const;
  const parts = [
    `cases=${cases.join(",")}`,
    ...(engines ? [`engines=${engines.map(encodeURIComponent).join(",")}`] : []),
    ...numbers.filter(([, value, otherwise]) => value !== otherwise).map(([name, value]) => `${name}=${value}`),
    ...(peaks ? [] : ["peaks=0"]),
  ];
  return `#${parts.join("&")}`;
}

function isCase(text: string): boolean {
  try {
    return parseProblem(text).text === text;
  } catch {
    return false;
  }
}
