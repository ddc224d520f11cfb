import type { BenchRow } from "../../../bench/result.ts";
import { counted, digits, percent } from "../../shell/format.ts";
import { isBusy } from "../run/run.ts";
import { familiesOf, familyOf, keys } from "./families.ts";
import { gradientLines, hasGradientRows } from "./gradients.ts";
import type { Shown } from "./results.ts";

/** The origin of the result, before its verdict. */
export function Origin({ result: { origin, environment, rows } }: { result: Shown }) {
  const when = environment?.date.slice(0, 10) ?? "";
  const what = {
    recorded: (
      <>
        <strong>A recorded run</strong>, not of this device: {counted(rows.length, "row")} measured on{" "}
        {environment?.adapter} on {when}. A run of your own will replace it.
      </>
    ),
    file: (
      <>
        <strong>A result from a file</strong>: {counted(rows.length, "row")} measured on {environment?.adapter} on{" "}
        {when}.
      </>
    ),
    live: (
      <>
        <strong>Measured here</strong>, on {environment?.adapter ?? "this device"}
        {isBusy() ? ": results so far." : "."}
      </>
    ),
  };
  return <p class={`origin origin-${origin}`}>{what[origin]}</p>;
}

/** The finding in one sentence: for the longest case, the fastest correct variant against the slowest. */
export function Summary({ result: { environment, rows } }: { result: Shown }) {
  const wrong = rows.filter(({ verdict }) => verdict === "fail");
  const right = rows.filter(({ verdict, medianMs }) => verdict === "pass" && medianMs !== null);
  const [family] = familiesOf(right);
  const longest = Math.max(...right.filter((row) => familyOf(row) === family).map(keys));
  const lines = gradientLines(rows);
  // Gradients are compared with gradients; a row of another function has no rank among these.
  const rivals = hasGradientRows(rows) ? new Set(lines.map(({ backward }) => backward)) : undefined;
  const isRival = (row: BenchRow) => (rivals ? rivals.has(row) : row.shareOfFastest !== null && row.definition == null);
  const same = right.filter((row) => familyOf(row) === family && keys(row) === longest && isRival(row));
  const [fastest, ...others] = [...same].sort((p, q) => (p.medianMs ?? 0) - (q.medianMs ?? 0));
  const slowest = others.at(-1);
  const ratio = lines.find(({ backward }) => backward === fastest)?.ratio ?? null;
  return (
    <p class="lead">
      {right.length + wrong.length > 0 &&
        `${right.length} of ${counted(right.length + wrong.length, "result")} ${right.length === 1 ? "is" : "are"} right. `}
      {environment?.software
        ? "They were computed by the processor, not a GPU: the times are shown but not ranked. "
        : fastest &&
          slowest && (
            <>
              At {fastest.batch}, {fastest.mask}: <strong>{fastest.variant}</strong> is{" "}
              {digits((slowest.medianMs ?? 0) / (fastest.medianMs ?? 1))}× as fast as {slowest.variant}
              {fastest.shareOfPeak !== null &&
                `, ${percent(fastest.shareOfPeak)} of the roofline measured on this device`}
              .{" "}
            </>
          )}
      {ratio !== null && !environment?.software && `These gradients take ${digits(ratio)}× the forward pass. `}
      {wrong.length > 0 && (
        <span class="wrong">
          ✗ {counted(wrong.length, "result")} {wrong.length === 1 ? "is" : "are"} wrong and not timed.
        </span>
      )}
    </p>
  );
}
