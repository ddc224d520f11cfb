import { CopyButton } from "../../shell/controls/copy-button.tsx";
import { linkNow } from "../address.ts";
import { fetchBuffers } from "../session/session.ts";
import * as state from "../state.ts";
import { Term } from "../terms/term.tsx";
import { NumberField } from "./number-field.tsx";

/** Sizes of the dispatch, the subgroup, the inputs' seed, and the workgroup under the lens. */
export function SetupPanel() {
  const { sizes = [], workgroups = [1, 1, 1] } = state.prepared.value ?? {};
  const { subgroupSize, mapping, seed, own } = state.study.value;
  const runs = state.opened.value !== undefined && state.problem.value === undefined;
  const [x, y, z] = workgroups;
  const groupCount = x * y * z;
  return (
    <section class="setup row" aria-label="What it runs on">
      {(own ? [] : sizes).map(({ name, meaning, value }) => (
        <NumberField
          key={name}
          name={name}
          title={meaning}
          value={value}
          onChange={(chosen) => state.choose({ sizes: { ...state.study.value.sizes, [name]: chosen } })}
        />
      ))}
      <label class="small">
        Subgroups of{" "}
        <select
          value={subgroupSize}
          onChange={({ currentTarget }) => state.choose({ subgroupSize: Number(currentTarget.value) })}
        >
          {state.subgroupSizes.map((size) => (
            <option key={size} value={size}>
              {size}
            </option>
          ))}
        </select>
      </label>
      <select
        aria-label="Threads of a subgroup"
        title="WGSL does not say which threads a subgroup has"
        value={mapping}
        onChange={({ currentTarget }) => state.choose({ mapping: currentTarget.value as typeof mapping })}
      >
        {Object.entries(state.mappings).map(([name, words]) => (
          <option key={name} value={name}>
            {words}
          </option>
        ))}
      </select>
      {!own && (
        <NumberField name="Inputs, seed" value={seed} least={0} onChange={(chosen) => state.choose({ seed: chosen })} />
      )}
      <span class="small">
        <Term name="dispatch">Dispatch</Term> of {x} × {y} × {z} workgroups; stepped through:
      </span>
      {groupCount <= 24 ? <Grid workgroups={workgroups} /> : <LensFields workgroups={workgroups} />}
      <CopyButton what="Link" text={linkNow}>
        Copy link
      </CopyButton>
      {!own && (
        <button type="button" aria-disabled={!runs} onClick={() => runs && fetchBuffers()}>
          Change the buffers
        </button>
      )}
    </section>
  );
}

type Place = readonly [number, number, number];

const setLens = (to: Place) => {
  state.lens.value = to;
};

/** A button for each workgroup. */
function Grid({ workgroups: [x, y, z] }: { workgroups: Place }) {
  const all = Array.from({ length: x * y * z }, (_, i): Place => [i % x, Math.floor(i / x) % y, Math.floor(i / x / y)]);
  const now = state.lens.value.join();
  return (
    <fieldset class="groups" style={`--across: ${x}`}>
      <legend class="hidden-text">Workgroup</legend>
      {all.map((place) => (
        <button
          key={place.join()}
          type="button"
          aria-pressed={place.join() === now}
          aria-label={`Workgroup ${place.join(", ")}`}
          title={`Workgroup ${place.join(", ")}`}
          onClick={() => setLens(place)}
        >
          {place.slice(0, z > 1 ? 3 : 2).join()}
        </button>
      ))}
    </fieldset>
  );
}

/** Three numbers, for a grid of many. */
function LensFields({ workgroups }: { workgroups: Place }) {
  return (
    <>
      {(["x", "y", "z"] as const).map((axis, i) => {
        const most = (workgroups[i] ?? 1) - 1;
        return (
          most > 0 && (
            <NumberField
              key={axis}
              name={`workgroup ${axis}`}
              value={state.lens.value[i] ?? 0}
              least={0}
              onChange={(to) => {
                const [x, y, z] = state.lens.value;
                const at = Math.min(to, most);
                setLens([i === 0 ? at : x, i === 1 ? at : y, i === 2 ? at : z]);
              }}
            />
          )
        );
      })}
    </>
  );
}
