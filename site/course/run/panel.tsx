import { useState } from "preact/hooks";
import type { Setting } from "../../../examples/14-course/experiment.ts";
import { CopyButton } from "../../shell/controls/copy-button.tsx";
import { TableFrame } from "../../shell/controls/table-frame.tsx";
import { DeviceChip } from "../../shell/device/chip.tsx";
import { device } from "../../shell/device/device.ts";
import { duration, fileSize } from "../../shell/format.ts";
import { status } from "../../shell/status.ts";
import { Troubles } from "../../shell/trouble/troubles.tsx";
import { linkNow } from "../address.ts";
import { changed, fields, id, own, phase, problems, recorded, section, shownRun, standardFields } from "../state.ts";
import { troubles } from "../troubles.ts";
import { start, stop } from "./actions.ts";
import { Views, written } from "./views.tsx";

/** Bytes of each bundled model's files, from the build. */
declare const MODEL_BYTES: Readonly<Record<string, number>>;

/** The experiment of a page: its settings, its claim, and what a run shows. */
export function Experiment() {
  return (
    <>
      <h2>Try it</h2>
      <p class="claim">
        <strong>Claim.</strong> {section.claim}
      </p>
      <form
        class="panel"
        aria-label="Settings"
        onSubmit={(event) => {
          event.preventDefault();
          if (phase.value === "idle") void start();
          else stop();
        }}
      >
        <div class="course-fields">
          {Object.entries(section.settings).map(([name, setting]) => (
            <Field key={name} name={name} setting={setting} />
          ))}
        </div>
        <Buttons />
      </form>
      <Troubles troubles={troubles.value} />
      <Verdict />
      <Views shown={shownRun.value?.shown ?? []} />
      <Ran />
      <div class="hidden-text" role="status">
        {status.value}
      </div>
    </>
  );
}

function Field({ name, setting }: { readonly name: string; readonly setting: Setting }) {
  const problem = problems.value[name];
  const change = (value: string) => {
    fields.value = { ...fields.value, [name]: value };
  };
  const shared = {
    id: `set-${name}`,
    value: fields.value[name] ?? "",
    disabled: phase.value !== "idle",
    ...(problem === undefined ? {} : { "aria-invalid": true, "aria-describedby": `why-${name}` }),
  } as const;
  const isLong = "longest" in setting && setting.longest > 40;
  return (
    <label class={isLong ? "field wide" : "field"} for={`set-${name}`}>
      {setting.label}
      {"choices" in setting ? (
        <select {...shared} onChange={({ currentTarget }) => change(currentTarget.value)}>
          {setting.choices.map((choice) => (
            <option key={choice}>{choice}</option>
          ))}
        </select>
      ) : isLong && setting.longest > 200 ? (
        <textarea {...shared} rows={2} onInput={({ currentTarget }) => change(currentTarget.value)} />
      ) : (
        <input
          {...shared}
          inputMode={"least" in setting ? "decimal" : "text"}
          onInput={({ currentTarget }) => change(currentTarget.value)}
        />
      )}
      {problem !== undefined && (
        <span class="problem" id={`why-${name}`}>
          {name} must be {problem}
        </span>
      )}
    </label>
  );
}

function whyNot(): string | undefined {
  if (device.value.kind === "opening") return "Opening the GPU…";
  if (device.value.kind !== "ready") return "It needs a GPU, see below; what is shown was recorded.";
  if (Object.keys(problems.value).length > 0) return "One of the settings cannot be used.";
  return undefined;
}

function Buttons() {
  const why = phase.value === "idle" ? whyNot() : undefined;
  const bytes = (section.models ?? []).reduce((sum, name) => sum + (MODEL_BYTES[name] ?? 0), 0);
  const loads = bytes > 0 && own.value === undefined ? ` · loads ${fileSize(bytes)}` : "";
  return (
    <p class="row">
      <button
        type="submit"
        class="primary"
        aria-disabled={why !== undefined}
        aria-describedby={why === undefined ? undefined : "why-not"}
      >
        {phase.value === "idle" ? `Run it here${loads}` : "Stop"}
      </button>
      {changed.value && phase.value === "idle" && (
        <button
          type="button"
          onClick={() => {
            fields.value = standardFields();
          }}
        >
          Reset
        </button>
      )}
      <CopyButton what="Link" text={linkNow}>
        Copy link
      </CopyButton>
      <DeviceChip />
      {why !== undefined && (
        <span class="small muted" id="why-not">
          {why}
        </span>
      )}
    </p>
  );
}

/** Whether the claim holds for the run that is shown, with its figures. */
function Verdict() {
  const run = shownRun.value;
  if (phase.value !== "idle") return <p id="verdict">Running…</p>;
  if (!run?.found) return <p id="verdict">{run ? "Stopped before its end." : "Nothing has run yet."}</p>;
  const { figures, seconds } = run.found;
  const holds = section.holds(figures);
  const where = run.recorded ? `on ${recorded.value?.adapter}, not on this device` : "here";
  return (
    <>
      <p id="verdict" data-holds={holds}>
        <strong>{holds ? "✓ The claim holds" : "✗ The claim does not hold"}</strong> for{" "}
        {run.recorded ? "the recorded run" : "this run"}, {duration(seconds)} {where}.
        {!holds && changed.value ? " The settings are not those that it is about." : ""}
      </p>
      <dl class="course-figures">
        {Object.entries(figures).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{written(value)}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

/** The modules of the experiments, as they stand in examples/14-course. */
const codes = import.meta.glob<string>("../../../examples/14-course/*/!(sections).ts", {
  query: "?raw",
  import: "default",
});

/** The code and the kernels of the run. */
function Ran() {
  const [code, setCode] = useState<string>();
  const kernels = own.value?.found?.kernels ?? [];
  const path = Object.keys(codes).find((name) => name.endsWith(`/${id}.ts`)) ?? "";
  return (
    <>
      <details
        onToggle={({ currentTarget }) => {
          if (currentTarget.open && code === undefined) void codes[path]?.().then(setCode);
        }}
      >
        <summary>The code of this experiment</summary>
        <p class="small">
          This very file has run, from <code>{path.slice(path.indexOf("examples"))}</code>. As a script:{" "}
          <code>npm run example -- 14-course {id}</code>.
        </p>
        {code !== undefined && (
          <TableFrame label="Code">
            <pre>{code}</pre>
          </TableFrame>
        )}
      </details>
      {kernels.length > 0 && (
        <p class="small" id="ran">
          The kernels that have just run, each where it can be stepped through:{" "}
          {kernels.map((name, i) => (
            <>
              {i > 0 && ", "}
              <a href={`../study/index.html#v=1&kernel=${name}`}>{name}</a>
            </>
          ))}
          .
        </p>
      )}
    </>
  );
}
