import { counters, type Rung } from "../../../src/study/ladders/ladder.ts";
import { TableFrame } from "../../shell/controls/table-frame.tsx";
import { digits } from "../../shell/format.ts";
import { shownName } from "../kernels/rungs.ts";
import * as state from "../state.ts";

/** What counters show of a rung's idea, what was published of it, and the mistake to look for. */
export function Claims({ rung, than }: { rung: Rung; than: string | undefined }) {
  const { claims = [], published, at, bug } = rung;
  return (
    <>
      {claims.length > 0 && (
        <TableFrame label="Table: what it changes">
          <table>
            <thead>
              <tr>
                <th scope="col">what it changes</th>
                <th scope="col" class="number">
                  {than === undefined ? "before" : shownName(than)}
                </th>
                <th scope="col" class="number">
                  here
                </th>
                <th scope="col">in letters</th>
              </tr>
            </thead>
            <tbody>
              {claims.map(({ counter, of, before, after, formula }) => (
                <tr key={`${counter} ${of}`}>
                  <th scope="row" title={counters[counter]}>
                    {counter}
                    {of !== undefined && (
                      <>
                        {" "}
                        of <code>{of}</code>
                      </>
                    )}
                  </th>
                  <td class="number">{before === undefined ? "–" : digits(before)}</td>
                  <td class="number">{digits(after)}</td>
                  <td class="wraps">{formula}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableFrame>
      )}
      {published && (
        <p class="small">
          Published{published.isRecalled ? ", from memory" : ""}: {published.says} (
          <a href={published.url}>{published.source}</a>).
        </p>
      )}
      <p class="row">
        {at && (
          <button type="button" onClick={() => state.choose({ sizes: at.sizes ?? {}, constants: at.constants ?? {} })}>
            On the sizes of these figures
          </button>
        )}
        <PlantBug rung={rung} />
      </p>
      {state.planted.value === rung.kernel && (
        <details class="small">
          <summary>Planted. What breaks, and why?</summary>
          <p>
            {bug.breaks === "result" ? "The result is wrong" : `It shows as ${bug.breaks}`}: {bug.why}
          </p>
        </details>
      )}
    </>
  );
}

/** Puts the rung's mistake into the text, on sizes that show it. */
function PlantBug({ rung: { kernel, bug } }: { rung: Rung }) {
  const own = state.prepared.value?.files.find(({ name }) => name === kernel);
  if (!own?.text.includes(bug.from)) return null;
  const plant = () => {
    state.planted.value = kernel;
    if (bug.sizes) state.choose({ sizes: bug.sizes });
    state.edit(
      kernel,
      own.text.replace(bug.from, () => bug.to),
    );
  };
  return (
    <button type="button" onClick={plant}>
      Plant a mistake to find
    </button>
  );
}
