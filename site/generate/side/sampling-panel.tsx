import { load } from "../model/load.ts";
import { chosenMode, problems, runAtOnce, sampling, system } from "../state.ts";
import { mode } from "../text/state.ts";
import { effectiveValue, type Sampling, type SamplingField, samplingFields } from "./sampling.ts";
import { TuningPanel } from "./tuning-panel.tsx";

/** Changes settings on the reader's request; they then differ from those of a link to run. */
function change(next: Sampling): void {
  runAtOnce.value = false;
  sampling.value = next;
}

/** How the model writes. */
export function SamplingPanel() {
  const info = load.value.kind === "ready" ? load.value.info : undefined;
  const { seed } = sampling.value;
  const wrong = problems.value.get("seed");
  const changed = Object.keys(sampling.value).length > 0;
  return (
    <>
      <ModeChoice chat={info?.chat} />
      {mode.value === "chat" && (
        <label class="field">
          <span>System prompt; new messages begin with it</span>
          <textarea
            rows={2}
            value={system.value}
            onInput={({ currentTarget }) => (system.value = currentTarget.value)}
          />
        </label>
      )}
      {samplingFields.map((field) => (
        <Field key={field.name} field={field} defaults={info?.defaults ?? {}} most={info?.context} />
      ))}
      <label class="field">
        <span>
          Seed <span class="muted">the same seed on the same device gives the same text; others may differ</span>
        </span>
        <input
          type="number"
          min={0}
          value={seed ?? ""}
          placeholder="a new one each time"
          aria-invalid={wrong !== undefined}
          onInput={({ currentTarget: { value } }) => {
            const { seed: _, ...rest } = sampling.value;
            change(value === "" ? rest : { ...rest, seed: Number(value) });
          }}
        />
      </label>
      {wrong && (
        <p class="problem" role="alert">
          {wrong}
        </p>
      )}
      <p class="row">
        <button
          type="button"
          aria-disabled={!changed}
          aria-describedby="reset-hint"
          onClick={() => changed && change({})}
        >
          Reset to the model's
        </button>
        <span class="small muted" id="reset-hint">
          {changed ? "" : "These are the model's own settings."}
        </span>
      </p>
      <TuningPanel />
    </>
  );
}

function ModeChoice({ chat }: { chat: boolean | undefined }) {
  const names = { complete: "Complete", chat: "Chat" } as const;
  return (
    <fieldset>
      <legend>Mode</legend>
      <div class="row">
        {(["complete", "chat"] as const).map((name) => {
          const never = name === "chat" && chat === false;
          return (
            <button
              key={name}
              type="button"
              class="chip"
              aria-pressed={mode.value === name}
              aria-disabled={never}
              aria-describedby={never ? "no-chat" : undefined}
              onClick={() => {
                if (!never) chosenMode.value = name;
              }}
            >
              {names[name]}
            </button>
          );
        })}
        {chat === false && (
          <span class="small muted" id="no-chat">
            This is a base model, without a chat template.
          </span>
        )}
      </div>
    </fieldset>
  );
}

function Field({
  field,
  defaults,
  most,
}: {
  field: SamplingField;
  defaults: Readonly<Record<string, number>>;
  most: number | undefined;
}) {
  const { name, label, hint, slider } = field;
  const [from, end, step] = slider;
  const to = name === "maxTokens" ? (most ?? end) : end;
  const value = effectiveValue(field, sampling.value, defaults);
  const problem = problems.value.get(name);
  const take = (text: string) => {
    const { [name]: _, ...rest } = sampling.value;
    change(text === "" ? rest : { ...rest, [name]: Number(text) });
  };
  return (
    <div class="setting">
      <label for={`box-${name}`}>{label}</label>
      <input
        id={`box-${name}`}
        type="number"
        step={step}
        value={value}
        aria-invalid={problem !== undefined}
        aria-describedby={`hint-${name}`}
        onInput={({ currentTarget }) => take(currentTarget.value)}
      />
      <input
        type="range"
        aria-label={label}
        min={from}
        max={to}
        step={step}
        value={value}
        onInput={({ currentTarget }) => take(currentTarget.value)}
      />
      <span class={`small ${problem ? "problem" : "muted"}`} id={`hint-${name}`} role={problem ? "alert" : undefined}>
        {problem ?? hint}
      </span>
    </div>
  );
}
