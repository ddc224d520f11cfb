import { useState } from "preact/hooks";
import { TableFrame } from "../../shell/controls/table-frame.tsx";
import { count } from "../../shell/format.ts";
import { found, index, map, picked, shownHits } from "../state.ts";
import { wordsOf } from "../text/passages.ts";

/** Rows of a page of the table. */
const pageRows = 50;

/** The map as a table: one page of passages at a time, and only while it is open. */
export function MapTable() {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>The map as a table</summary>
      {open && <Table />}
    </details>
  );
}

function Table() {
  const [begin, setBegin] = useState(0);
  const [now, drawn] = [index.value, map.value];
  if (!now || !drawn) return null;
  const total = now.passages.length;
  const first = begin < total ? begin : 0;
  const ranks = new Map(found.value?.hits.slice(0, shownHits.value).map(({ passage }, i) => [passage, i + 1]));
  return (
    <>
      <TableFrame label="Passages on the map">
        <table>
          <thead>
            <tr>
              <th scope="col">Passage</th>
              <th scope="col" class="number">
                x
              </th>
              <th scope="col" class="number">
                y
              </th>
              <th scope="col" class="number">
                Result
              </th>
              <th scope="col">Text</th>
            </tr>
          </thead>
          <tbody>
            {now.passages.slice(first, first + pageRows).map((passage, row) => {
              const i = first + row;
              return (
                <tr key={i} class={i === picked.value ? "marked" : ""}>
                  <td>
                    <button
                      type="button"
                      class="words"
                      aria-pressed={i === picked.value}
                      onClick={() => {
                        picked.value = i;
                      }}
                    >
                      {wordsOf(passage).slice(0, 60)}…
                    </button>
                  </td>
                  <td class="number">{(drawn.points[2 * i] ?? 0).toFixed(3)}</td>
                  <td class="number">{(drawn.points[2 * i + 1] ?? 0).toFixed(3)}</td>
                  <td class="number">{ranks.get(i) ?? "–"}</td>
                  <td>{now.texts[passage.text]}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </TableFrame>
      <p class="row">
        <button type="button" disabled={first === 0} onClick={() => setBegin(Math.max(0, first - pageRows))}>
          Before
        </button>
        <span class="small">
          {count(first + 1)} to {count(Math.min(total, first + pageRows))} of {count(total)}
        </span>
        <button type="button" disabled={first + pageRows >= total} onClick={() => setBegin(first + pageRows)}>
          After
        </button>
      </p>
    </>
  );
}
