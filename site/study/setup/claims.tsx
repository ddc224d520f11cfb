import type { Counter, Rung } from "../../../src/study/ladders/ladder.ts";
import { TableFrame } from "../../shell/controls/table-frame.tsx";
import { digits } from "../../shell/format.ts";
import { shownName } from "../kernels/rungs.ts";
import * as state from "../state.ts";
import { Term } from "../terms/term.tsx";
import type { TermName } from "../terms/terms.ts";

/** Counters as the page calls them, each with what it means. */
const shown: Readonly<Record<Counter, readonly [words: string, TermName]>> = {
  excess: ["excess", "excess"],
  ways: ["worst bank conflict", "bank conflict"],
  reads: ["reads of an element", "reads"],
  requests: ["requests", "request"],
  asked: ["bytes requested", "requested"],
  shared: ["bytes from workgroup memory, for each multiply-add", "shared"],
  barriers: ["barriers", "barrier"],
  parted: ["divergent branches of a workgroup", "divergence"],
  atomics: ["atomic functions", "atomic"],
  contention: ["threads at one word", "contention"],
  operations: ["operations", "operations"],
  workgroups: ["workgroups", "workgroup"],
  memory: ["bytes of workgroup memory", "workgroup memory"],
  digits: ["correct digits", "digits"],
};

/** Sizes and constants, such as "m 64, k 32". */
const listed = ({ sizes = {}, constants = {} }: NonNullable<Rung["at"]>): string =>
  Object.entries({ ...sizes, ...constants })
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");

/** What counters show of a rung's idea, what was published of it, and the mistake to look for. */
export function Claims({ rung, than }: { rung: Rung; than: string | undefined }) {
  const { claims = [], published, at, bug } = rung;
  const chosen = { sizes: at?.sizes ?? {}, constants: at?.constants ?? {}, own: undefined };
  const hasLetters = claims.some(({ formula }) => formula !== undefined);
  const before = than === undefined ? (rung.than ? "those before, together" : "before") : shownName(than);
  return (
    <>
      {claims.length > 0 && (
        <TableFrame label="Table: what it changes">
          <table>
            <thead>
              <tr>
                <th scope="col">what it changes</th>
                <th scope="col" class="number">
                  {before}
                </th>
                <th scope="col" class="number">
                  here
                </th>
                {hasLetters && (
                  <th scope="col">
                    <Term name="letters">for any size</Term>
                  </th>
                )}
              </tr>
            </thead>
            <tbody>
              {claims.map(({ counter, of, before: earlier, after, formula, sizes }) => (
                <tr key={`${counter} ${of}`}>
                  <th scope="row">
                    <Term name={shown[counter][1]}>{shown[counter][0]}</Term>
                    {of !== undefined && (
                      <>
                        {" "}
                        of <code>{of}</code>
                      </>
                    )}
                    {sizes && `, with ${listed({ sizes })}`}
                  </th>
                  <td class="number">{earlier === undefined ? "–" : digits(earlier)}</td>
                  <td class="number">{digits(after)}</td>
                  {hasLetters && <td class="wraps">{formula}</td>}
                </tr>
              ))}
            </tbody>
          </table>
        </TableFrame>
      )}
      {at && claims.length > 0 && (
        <p class="small">
          These figures are for {listed(at)}.{" "}
          <button type="button" onClick={() => state.choose(chosen)}>
            Use these sizes
          </button>
        </p>
      )}
      {published && (
        <p class="small">
          Others with the same idea{published.isRecalled && " (recalled, not looked up)"}: {published.says} (
          <a href={published.url}>{published.source}</a>).
        </p>
      )}
      <p class="row">
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
    state.choose({ own: undefined, ...(bug.sizes && { sizes: bug.sizes }) });
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
