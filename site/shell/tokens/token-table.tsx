import { useState } from "preact/hooks";
import { visible } from "../../../src/text/token-text.ts";
import { TableFrame } from "../controls/table-frame.tsx";
import { logprobOf, share, type Unit } from "./tokens.ts";

/** Maximum rows shown together. */
const page = 100;

/** The tokens of a text as a table, created when opened. */
export function TokenTable({ units }: { units: readonly Unit[] }) {
  const [open, setOpen] = useState(false);
  const [rows, setRows] = useState(page);
  return (
    <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary class="small">Tokens as a table</summary>
      {open && (
        <>
          <TableFrame label="Table of tokens">
            <table>
              <thead>
                <tr>
                  {["token", "id", "probability", "rank", "likeliest"].map((name, i) => (
                    <th key={name} scope="col" class={i >= 1 && i <= 3 ? "number" : ""}>
                      {name}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {units.slice(0, rows).map((unit) => {
                  const [first] = unit.tokens;
                  const [logprob, likeliest] = [logprobOf(unit), first?.top?.[0]];
                  return (
                    <tr key={unit.start}>
                      <th scope="row">
                        <code>{visible(unit.text)}</code>
                      </th>
                      <td class="number">{unit.tokens.map(({ token }) => token).join(", ")}</td>
                      <td class="number">{logprob === undefined ? "given" : share(Math.exp(logprob))}</td>
                      <td class="number">{first?.rank === undefined ? "–" : first.rank}</td>
                      <td>
                        {likeliest ? <code>{visible(likeliest.text)}</code> : "–"}
                        {likeliest && `, ${share(Math.exp(likeliest.logprob))}`}
                      </td>
                    </tr>
                  );
                })}
              </tbody>
            </table>
          </TableFrame>
          {units.length > rows && (
            <button type="button" onClick={() => setRows(rows + page)}>
              Show {Math.min(page, units.length - rows)} more of {units.length}
            </button>
          )}
        </>
      )}
    </details>
  );
}
