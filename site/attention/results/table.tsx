import { signal } from "@preact/signals";
import type { BenchRow } from "../../../bench/result.ts";
import { count, digits, memory, percent } from "../../shell/format.ts";
import { storageOf } from "./families.ts";
import { forwardRatios, hasGradientRows } from "./gradients.ts";
import type { Shown } from "./results.ts";
import { verdictOf } from "./verdict.ts";

/** The row marked in the table and in every plot, by id. */
export const marked = signal<string | undefined>(undefined);

interface Column {
  readonly title: string;
  readonly number?: boolean;
  /** Ranks variants by speed, for which a software adapter's times are unsuitable. */
  readonly ranks?: boolean;
  readonly value: (row: BenchRow) => number | string | null;
  readonly cell: (row: BenchRow) => string;
}

const timed = (row: BenchRow, value: number | null, show: (value: number) => string) =>
  row.verdict === "pass" && value !== null ? show(value) : "–";

/** The most important columns come first, so that they are visible without scrolling sideways, even on a phone. */
const columns: readonly Column[] = [
  { title: "variant", value: ({ variant }) => variant, cell: ({ variant }) => variant },
  {
    title: "time, ms",
    number: true,
    value: ({ medianMs }) => medianMs,
    cell: (row) => timed(row, row.medianMs, digits),
  },
  { title: "check", value: ({ verdict }) => verdict, cell: (row) => verdictOf(row) },
  { title: "batch", value: ({ batch }) => batch, cell: ({ batch }) => batch },
  { title: "mask", value: ({ mask }) => mask, cell: ({ mask, score }) => withScore(mask, score) },
  { title: "heads, storage", value: storageOf, cell: storageOf },
  {
    title: "p10–p90, ms",
    number: true,
    value: ({ p10Ms }) => p10Ms,
    cell: (row) => timed(row, row.p10Ms, (low) => `${digits(low)}–${digits(row.p90Ms)}`),
  },
  {
    title: "N",
    number: true,
    value: ({ repeats }) => repeats,
    cell: (row) => timed(row, row.repeats, (n) => `${n} × ${row.samples}`),
  },
  {
    title: "GFLOP/s",
    number: true,
    value: ({ tflops }) => tflops,
    cell: (row) => timed(row, row.tflops, (t) => digits(1000 * t)),
  },
  { title: "GB/s", number: true, value: ({ gbs }) => gbs, cell: (row) => timed(row, row.gbs, digits) },
  {
    title: "of roofline",
    number: true,
    value: ({ shareOfPeak }) => shareOfPeak,
    cell: (row) => timed(row, row.shareOfPeak, (share) => `${percent(share)} ${row.bound ?? ""}`),
  },
  {
    title: "of fastest",
    number: true,
    ranks: true,
    value: ({ shareOfFastest }) => shareOfFastest,
    cell: (row) => timed(row, row.shareOfFastest, percent),
  },
  {
    title: "first run, ms",
    number: true,
    value: ({ firstRunMs }) => firstRunMs,
    cell: (row) => timed(row, row.firstRunMs, digits),
  },
  {
    title: "live pairs",
    number: true,
    value: ({ livePairs }) => livePairs,
    cell: ({ livePairs }) => (livePairs === null ? "–" : count(livePairs)),
  },
  {
    title: "memory",
    number: true,
    value: ({ workspaceBytes }) => workspaceBytes,
    cell: ({ workspaceBytes }) => memory(workspaceBytes),
  },
  {
    title: "requested, MB",
    number: true,
    value: ({ requestedBytes }) => requestedBytes ?? null,
    cell: ({ requestedBytes }) => digits(requestedBytes && requestedBytes / 1e6),
  },
  {
    title: "executed, MFLOP",
    number: true,
    value: ({ executedFlops }) => executedFlops ?? null,
    cell: ({ executedFlops }) => digits(executedFlops && executedFlops / 1e6),
  },
  {
    title: "error ratio",
    number: true,
    value: ({ errorRatio }) => errorRatio,
    cell: ({ errorRatio }) => digits(errorRatio),
  },
];

/** The columns of a result: for gradients, their time over that of the forward pass follows the time itself. */
function columnsOf(rows: readonly BenchRow[]): readonly Column[] {
  if (!hasGradientRows(rows)) return columns;
  const ratios = forwardRatios(rows);
  const ratioOf = ({ id }: BenchRow) => ratios.get(id) ?? null;
  const ratio: Column = {
    title: "× forward",
    number: true,
    value: ratioOf,
    cell: (row) => timed(row, ratioOf(row), digits),
  };
  return columns.flatMap((column) => (column.title === "time, ms" ? [column, ratio] : [column]));
}

/** A mask with the score that goes with it. */
export const withScore = (mask: string | null, score: string | null) =>
  [mask, score === "none" ? null : score].filter(Boolean).join(", ");

const order = signal<{ readonly title: string; readonly down: boolean } | undefined>(undefined);

/** Every measurement, sortable by any column; the row in focus is marked in the plots. */
export function ResultsTable({ result: { rows, hidden, environment } }: { result: Shown }) {
  if (rows.length === 0) return null;
  const { title: column, down } = order.value ?? {};
  const all = columnsOf(rows);
  const shown = all.filter(({ ranks }) => !(ranks && environment?.software));
  const key = all.find(({ title }) => title === column)?.value;
  const sorted = key ? [...rows].sort((p, q) => (down ? -1 : 1) * compare(key(p), key(q))) : rows;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
    <section class="frame" aria-label="Table of results" tabIndex={0}>
      <table>
        <thead>
          <tr>
            {shown.map(({ title, number }) => (
              <th
                key={title}
                scope="col"
                class={number ? "number" : ""}
                aria-sort={title === column ? (down ? "descending" : "ascending") : "none"}
              >
                <button type="button" onClick={() => sortBy(title)}>
                  {title}
                  {title === column ? (down ? " ↓" : " ↑") : ""}
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted.map((row) => (
            <tr
              key={row.id}
              class={row.id === marked.value ? "marked" : ""}
              onMouseEnter={() => {
                marked.value = row.id;
              }}
              onFocusCapture={() => {
                marked.value = row.id;
              }}
            >
              {shown.map(({ title, number, cell }, i) => (
                <td
                  key={title}
                  class={`${number ? "number" : ""} ${title === "check" && row.verdict === "fail" ? "wrong" : ""}`}
                >
                  {i === 0 ? (
                    <button type="button" class="plain" title={row.command}>
                      {cell(row)}
                      {hidden.has(row.id) && <span class="wrong"> ! hidden</span>}
                    </button>
                  ) : title === "check" ? (
                    <span class="reason">{cell(row)}</span>
                  ) : (
                    cell(row)
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function sortBy(title: string): void {
  order.value = { title, down: order.value?.title === title ? !order.value.down : false };
}

/** Numbers by size, words alphabetically, missing values last. */
function compare(p: number | string | null, q: number | string | null): number {
  if (p === null || q === null) return Number(p === null) - Number(q === null);
  return typeof p === "number" && typeof q === "number" ? p - q : String(p).localeCompare(String(q));
}
