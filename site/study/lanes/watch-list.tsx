import { useState } from "preact/hooks";
import { TableFrame } from "../../shell/controls/table-frame.tsx";
import { unwatch, watch } from "../session/actions.ts";
import { rangeOf, valueText } from "../session/values.ts";
import * as state from "../state.ts";
import type { Frame } from "../worker/protocol.ts";

type WatchedOrRefused = Frame["watched"][number];

/** Expressions that are evaluated for every thread, with the value of the chosen one. */
export function WatchList() {
  const [text, setText] = useState("");
  const names = state.frame.value?.variables ?? [];
  const add = (event: Event) => {
    event.preventDefault();
    watch(text);
    setText("");
  };
  return (
    <>
      <form class="row" onSubmit={add}>
        <label class="small">
          Watch{" "}
          <input
            id="watch"
            list="watch-names"
            placeholder="an expression, such as sum * 2"
            title="Also #epoch, the barriers passed, and #reads(x[i]) or #writes(x[i]), how often an element was accessed so far"
            autocomplete="off"
            spellcheck={false}
            value={text}
            onInput={({ currentTarget }) => setText(currentTarget.value)}
          />
        </label>
        <datalist id="watch-names">
          {names.map(({ name, type }) => (
            <option key={name} value={name}>
              {type}
            </option>
          ))}
        </datalist>
        <button type="submit">Add</button>
      </form>
      {state.watches.value.length > 0 && (
        <TableFrame label="Table: watches">
          <table class="watches">
            <thead>
              <tr>
                <th scope="col">Watch</th>
                <th scope="col" class="number">
                  Thread {state.threadOf(state.lane.value)}
                </th>
                <th scope="col" class="number">
                  Smallest
                </th>
                <th scope="col" class="number">
                  Largest
                </th>
                <th scope="col">
                  <span class="hidden-text">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {state.watches.value.map((expression, i) => (
                <Row key={expression} expression={expression} index={i} found={state.frame.value?.watched[i]} />
              ))}
            </tbody>
          </table>
        </TableFrame>
      )}
    </>
  );
}

function Row({ expression, index, found }: { expression: string; index: number; found: WatchedOrRefused | undefined }) {
  const isShown = state.shownWatch.value === index;
  return (
    <tr class={isShown ? "marked" : ""}>
      <th scope="row">
        <button
          type="button"
          class="watch-name"
          aria-pressed={isShown}
          title="Show it for every thread"
          onClick={() => {
            state.shownWatch.value = index;
          }}
        >
          {expression}
        </button>
      </th>
      <Values found={found} />
      <td>
        <button type="button" aria-label={`Stop watching ${expression}`} onClick={() => unwatch(expression)}>
          ×
        </button>
      </td>
    </tr>
  );
}

function Values({ found }: { found: WatchedOrRefused | undefined }) {
  if (!found) return <td colSpan={3}>–</td>;
  if ("refused" in found) {
    return (
      <td colSpan={3} class="wraps muted">
        {found.refused}
      </td>
    );
  }
  const { scalars, values } = found;
  const own = scalars.map(({ scalar }, i) => valueText(values[state.lane.value * scalars.length + i] ?? 0, scalar));
  const range = rangeOf(values);
  const scalar = scalars[0]?.scalar ?? "f32";
  const shown = (value: number | undefined) => (value === undefined ? "–" : valueText(value, scalar));
  return (
    <>
      <td class="number">{own.length > 4 ? `${own.slice(0, 4).join(", ")}, …` : own.join(", ")}</td>
      <td class="number">{shown(range?.[0])}</td>
      <td class="number">{shown(range?.[1])}</td>
    </>
  );
}
