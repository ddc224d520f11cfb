import { digits, quantity } from "../../bench/harness/numbers.ts";
import { byCase } from "../../bench/harness/table.ts";
import { caseOf, type PeerResult, type PeerRow, verdicts } from "../../bench/peers/result.ts";

/** A sentence and a table for each case. */
export function Results({ result }: { result: PeerResult }) {
  const ours = new Set(result.engines.filter(({ peer }) => !peer).map(({ name }) => name));
  const sentences = verdicts(result);
  return (
    <>
      {sentences.length > 0 && (
        <ul class="summary lead">
          {sentences.map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ul>
      )}
      {byCase(result.rows).map((rows) => (
        <CaseTable key={rows[0]?.id} rows={rows as unknown as readonly PeerRow[]} ours={ours} />
      ))}
    </>
  );
}

function CaseTable({ rows, ours }: { rows: readonly PeerRow[]; ours: ReadonlySet<string> }) {
  const [first] = rows;
  if (!first) return null;
  const name = caseOf(first);
  const work = [
    first.livePairs === null ? "" : `${quantity(first.livePairs)} live pairs`,
    first.flops === null ? "" : quantity(first.flops, "FLOP"),
    first.bytes === null ? "" : quantity(first.bytes, "B"),
    first.checked ? `checked: ${first.checked}` : "",
  ];
  return (
    <div class="case">
      <h3>{name}</h3>
      <p class="small muted">{work.filter(Boolean).join(" · ")}</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a frame that scrolls is reached by the keyboard */}
      <section class="frame" tabIndex={0} aria-label={`Table: ${name}`}>
        <table>
          <thead>
            <tr>
              <th scope="col">Engine</th>
              <th scope="col">Check</th>
              <th scope="col" class="number">
                Median, ms
              </th>
              <th scope="col" class="number">
                p10 – p90, ms
              </th>
              <th scope="col" class="number">
                × fastest peer
              </th>
              <th scope="col">
                <span class="hidden-text">Speed, drawn</span>
              </th>
              <th scope="col" class="number">
                Error ÷ f32 loops
              </th>
              <th scope="col" class="number">
                First run, ms
              </th>
              <th scope="col" class="number">
                Intervals × runs
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <Row key={row.id} row={row} ours={ours.has(row.engine)} />
            ))}
          </tbody>
        </table>
      </section>
    </div>
  );
}

const cell = (value: number | null) => (value === null ? "–" : digits(value));

function Row({ row, ours }: { row: PeerRow; ours: boolean }) {
  const name = (
    <td>
      {row.engine}
      <span class="small muted">{row.variant}</span>
    </td>
  );
  if (row.verdict !== "pass") {
    return (
      <tr class={ours ? "ours" : ""}>
        {name}
        <td class="reason" colSpan={8}>
          <span class={row.verdict === "fail" ? "wrong" : "muted"}>{row.verdict === "fail" ? "✗ fail" : "n/a"}</span>{" "}
          {row.reason}
        </td>
      </tr>
    );
  }
  return (
    <tr class={ours ? "ours" : ""}>
      {name}
      <td>✓ pass</td>
      <td class="number">{cell(row.medianMs)}</td>
      <td class="number">{row.p10Ms === null ? "–" : `${cell(row.p10Ms)} – ${cell(row.p90Ms)}`}</td>
      <td class="number">{row.ratioToFastestPeer === null ? "–" : `${row.ratioToFastestPeer.toPrecision(3)}×`}</td>
      <td class="bar-cell" aria-hidden="true">
        <span class="speed" style={`width: ${100 * (row.shareOfFastest ?? 0)}%`} />
      </td>
      <td class="number">{cell(row.errorRatio)}</td>
      <td class="number">{cell(row.firstRunMs)}</td>
      <td class="number">{row.samples === null ? "–" : `${row.samples} × ${row.repeats}`}</td>
    </tr>
  );
}
