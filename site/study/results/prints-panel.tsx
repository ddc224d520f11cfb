import { TableFrame } from "../../shell/controls/table-frame.tsx";
import { count, counted } from "../../shell/format.ts";
import { gpuRun } from "../gpu/state.ts";
import { toStep } from "../session/actions.ts";
import { valueText } from "../session/values.ts";
import * as state from "../state.ts";
import { isSamePrint, type PrintRow, printRows } from "./prints.ts";

/** Lines that are listed; the rest are counted. */
const most = 200;

/** What `print` wrote in the interpreter, and on the GPU once the text has run there. */
export function PrintsPanel() {
  const { report, progress } = state;
  const marks = progress.value?.marks ?? { prints: [] };
  const rows = printRows(report.value?.prints ?? [], marks, state.lens.value, gpuRun.value?.prints ?? []);
  const different = gpuRun.value ? rows.filter((row) => !isSamePrint(row)).length : 0;
  const dropped = report.value?.droppedPrints ?? 0;
  return (
    <section class="panel" aria-label="Prints" id="prints">
      <h2>Prints</h2>
      {rows.length === 0 ? (
        <p class="small">
          Write <code>print(value);</code> into the text: what each thread prints is listed here, from the interpreter
          and from your GPU.
        </p>
      ) : (
        <Rows rows={rows.slice(0, most)} hasGpu={gpuRun.value !== undefined} />
      )}
      {rows.length > most && <p class="small">And {count(rows.length - most + dropped)} more.</p>}
      {rows.length > 0 && gpuRun.value && (
        <p class="small" id="print-verdict">
          {different === 0
            ? `✓ The GPU printed the same ${counted(rows.length, "line")}.`
            : `✗ On the GPU ${counted(different, "line")} of ${count(rows.length)} differ.`}
        </p>
      )}
    </section>
  );
}

const valuesText = (values: readonly number[]) => values.map((value) => valueText(value, "f32")).join(", ");

function Rows({ rows, hasGpu }: { rows: readonly PrintRow[]; hasGpu: boolean }) {
  const now = state.frame.value?.where.step ?? 0;
  return (
    <TableFrame label="Table: prints">
      <table>
        <thead>
          <tr>
            <th scope="col">workgroup</th>
            <th scope="col" class="number">
              thread
            </th>
            <th scope="col" class="number">
              line
            </th>
            <th scope="col">values</th>
            {hasGpu && <th scope="col">on the GPU</th>}
            <th scope="col" class="number">
              step
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row, i) => (
            <tr key={`${i} ${row.lane}`} class={row.step !== undefined && row.step <= now ? "" : "later"}>
              <th scope="row">{row.workgroup.join()}</th>
              <td class="number">{row.lane}</td>
              <td class="number">{state.placeOf(row.line)?.line}</td>
              <td>{valuesText(row.values)}</td>
              {hasGpu && (
                <td class={isSamePrint(row) ? "" : "wrong"}>
                  {isSamePrint(row) ? "✓" : "✗"} {row.onGpu ? valuesText(row.onGpu) : "nothing"}
                </td>
              )}
              <td class="number">
                {row.step !== undefined && (
                  <button type="button" class="link" onClick={() => toStep(row.step ?? 0)}>
                    {count(row.step)}
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableFrame>
  );
}
