import type { BenchRow } from "../../../bench/result.ts";
import { TableFrame } from "../../shell/controls/table-frame.tsx";
import { digits } from "../../shell/format.ts";
import { storageOf } from "./families.ts";
import { gradientLines } from "./gradients.ts";
import type { Shown } from "./results.ts";
import { marked, withScore } from "./table.tsx";
import { verdictOf } from "./verdict.ts";

const time = (row: BenchRow | undefined): string => (row?.verdict === "pass" ? digits(row.medianMs) : "–");
const millions = (value: number | null | undefined): string => (value ? digits(value / 1e6) : "–");

const heads = [
  ["variant"],
  ["forward, ms", "number"],
  ["backward, ms", "number"],
  ["backward / forward", "number"],
  ["both, ms", "number"],
  ["check"],
  ["batch"],
  ["mask"],
  ["heads, storage"],
  ["backward requests, MB", "number"],
  ["backward executes, MFLOP", "number"],
] as const;

/** The gradients of each case and variant next to the forward pass; the row in focus is marked in the plots. */
export function GradientTable({ result: { rows } }: { result: Shown }) {
  const lines = gradientLines(rows);
  if (lines.length === 0) return null;
  return (
    <>
      <h3>Gradients next to the forward pass</h3>
      <p class="small">
        Forward is attention with the log-sum-exp of its rows, which gradients need; both is one program of the two.
        Every result was compared with float64. What is requested and executed is of the backward pass alone: each load,
        store and operation of its kernels.
      </p>
      <TableFrame label="Forward and backward">
        <table>
          <thead>
            <tr>
              {heads.map(([title, kind = ""]) => (
                <th key={title} scope="col" class={kind}>
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {lines.map(({ backward, forward, both, ratio }) => {
              const cells = [
                time(forward),
                time(backward),
                ratio === null ? "–" : `${digits(ratio)} ×`,
                time(both),
                <span class="reason">{checkOf([backward, forward, both])}</span>,
                backward.batch,
                withScore(backward.mask, backward.score),
                storageOf(backward),
                millions(backward.requestedBytes),
                millions(backward.executedFlops),
              ];
              return (
                <tr
                  key={backward.id}
                  class={backward.id === marked.value ? "marked" : ""}
                  onMouseEnter={() => {
                    marked.value = backward.id;
                  }}
                >
                  <th scope="row">{backward.variant}</th>
                  {cells.map((cell, i) => (
                    <td key={heads[i + 1]?.[0]} class={heads[i + 1]?.[1] ?? ""}>
                      {cell}
                    </td>
                  ))}
                </tr>
              );
            })}
          </tbody>
        </table>
      </TableFrame>
      <h3>Every measurement</h3>
    </>
  );
}

/** The check of the gradients, unless the rows measured with them are wrong. */
function checkOf(rows: readonly (BenchRow | undefined)[]): string {
  const [backward, ...others] = rows;
  const wrong = others.find((row) => row?.verdict === "fail");
  if (backward?.verdict === "pass" && wrong) return `${wrong.variant}: ${verdictOf(wrong)}`;
  return backward ? verdictOf(backward) : "–";
}
