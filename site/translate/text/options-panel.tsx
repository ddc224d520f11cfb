import { model, options } from "../state.ts";
import { optionFields, problemOf } from "./options.ts";

/** Options of writing; empty ones are as in the model's folder. */
export function OptionsPanel() {
  const defaults = model.value.kind === "ready" ? model.value.facts.defaults : {};
  return (
    <section class="panel" aria-label="Options">
      <h2>Options</h2>
      <div class="options">
        {optionFields.map((field) => {
          const { name, label, hint, standard, range, whole } = field;
          const value = options.value[name];
          const problem = value === undefined ? undefined : problemOf(field, value);
          return (
            <label key={name} class="field">
              <span>
                {label}: {hint}
              </span>
              <input
                id={name}
                type="number"
                min={range[0]}
                max={range[1]}
                step={whole ? 1 : "any"}
                placeholder={String(defaults[name] ?? standard)}
                value={value === undefined || Number.isNaN(value) ? "" : value}
                aria-invalid={problem !== undefined}
                onInput={({ currentTarget: { value: words } }) => {
                  options.value = { ...options.value, [name]: words === "" ? undefined : Number(words) };
                }}
              />
              {problem !== undefined && <span class="problem">{problem}</span>}
            </label>
          );
        })}
      </div>
      <p class="small muted">
        Empty: as set in the model's folder. With the same options a text is the same every time.
      </p>
    </section>
  );
}
