import { download } from "../../shell/status.ts";
import { NumberField } from "../setup/number-field.tsx";
import * as state from "../state.ts";
import { type OwnBuffers, ownKernel } from "./given.ts";

const given = `{ "binding": 0, "type": "f32", "values": [1, 2.5, "NaN"] }`;
const zeros = `{ "group": 1, "binding": 0, "type": "u32", "length": 64 }`;
const struct = `{ "binding": 2, "values": { "rows": 3, "scale": 0.5 } }`;

/** Buffers and workgroups that the reader gives, for a text of any form. */
export function OwnPanel() {
  const { own, kernel } = state.study.value;
  if (!own) return null;
  const problem = state.problem.value?.isOfBuffers ? state.problem.value : undefined;
  const change = (to: Partial<OwnBuffers>) => state.choose({ own: { ...own, ...to } });
  const setGroup = (axis: number, to: number) => {
    const [x, y, z] = own.workgroups;
    change({ workgroups: [axis === 0 ? to : x, axis === 1 ? to : y, axis === 2 ? to : z] });
  };
  return (
    <section class="panel" aria-label="Buffers of your own" id="own">
      <h2>Buffers of your own</h2>
      <p class="small muted">
        {kernel === ownKernel ? "The link holds them, and your text." : "The link holds them."} Steps, counters, faults
        and races are found as for any kernel.
      </p>
      <label class="field">
        A list in JSON, with an entry for each binding of the text
        <textarea
          id="bindings"
          rows={6}
          wrap="off"
          spellcheck={false}
          autocapitalize="off"
          value={own.bindings}
          aria-invalid={problem !== undefined}
          aria-describedby={problem ? "buffers-problem" : undefined}
          onInput={({ currentTarget }) => change({ bindings: currentTarget.value })}
        />
      </label>
      {problem && (
        <p class="problem" role="alert" id="buffers-problem">
          {problem.place && `${problem.place.file}, line ${problem.place.line}: `}
          {problem.message}
        </p>
      )}
      <p class="row">
        {(["Workgroups x", "y", "z"] as const).map((axis, i) => (
          <NumberField
            key={axis}
            name={axis}
            title={`Workgroups along ${axis.at(-1)}`}
            value={own.workgroups[i] ?? 1}
            most={65_535}
            onChange={(to) => setGroup(i, to)}
          />
        ))}
        <label class="small">
          Entry point{" "}
          <input
            class="entry"
            placeholder="the only one"
            spellcheck={false}
            value={own.entry ?? ""}
            onChange={({ currentTarget: { value } }) => change({ entry: value.trim() || undefined })}
          />
        </label>
        <button type="button" onClick={() => download("bindings.json", own.bindings, "application/json")}>
          Download the list
        </button>
        {kernel !== ownKernel && (
          <button type="button" onClick={() => state.choose({ own: undefined })}>
            Take the kernel’s buffers
          </button>
        )}
      </p>
      <details class="small">
        <summary>What an entry says</summary>
        <ul class="entries">
          <li>
            <code>{given}</code> holds these numbers, of f32, i32, u32 or f16, in the order of memory, padding included.
          </li>
          <li>
            <code>{zeros}</code> holds so many zeros. The group is 0 unless given.
          </li>
          <li>
            <code>{struct}</code> holds a uniform struct, all members by name.
          </li>
        </ul>
        <p>
          In a terminal, <code>shaderformer study --wgsl FILE --bindings FILE.json</code> reads the same.
        </p>
      </details>
    </section>
  );
}
