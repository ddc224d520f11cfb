import type { Spread } from "../generate/result.ts";
import { digits } from "../harness/numbers.ts";
import type { SearchResult } from "./result.ts";

const spread = (of: Spread | null): string =>
  of ? `${digits(of.median)} (${digits(of.p10)} – ${digits(of.p90)})` : "";

/** The result as text and a table in Markdown. */
export function formatSearch({ environment, passages, browsers }: SearchResult): string {
  const { date, adapter, processor, load } = environment;
  const heads = [
    "browser",
    "keys",
    "ms to the drawn answer: median (10th – 90th percentile)",
    "slowest",
    "of it, the search",
  ];
  const rows = browsers.flatMap(({ version, habits }) =>
    habits.map(({ title, drawnMs, slowestMs, searchMs }) => [
      ...[version, title, spread(drawnMs)],
      ...[digits(slowestMs), searchMs ? digits(searchMs.median) : ""],
    ]),
  );
  return [
    `${passages} passages; ${adapter}; ${processor}; ${date.slice(0, 10)}`,
    `Load of the machine: ${load.map((one) => one.toFixed(1)).join(" before, ")} after, of which this is a part.`,
    ...browsers.flatMap(({ version, device, indexedMs, waitMs: { asIs, submitting } }) => [
      `${version}, ${device}: indexed in ${digits(indexedMs / 1000)} s`,
      `a copy alone is read back in ${spread(asIs)} ms, with empty submits meanwhile in ${spread(submitting)} ms`,
    ]),
    "",
    ...[heads, heads.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`),
  ].join("\n");
}
