import { count } from "../../shell/format.ts";
import { begun, phase, settings } from "../state.ts";
import type { Architecture } from "../tasks/task.ts";
import { taskOf } from "../tasks/tasks.ts";
import { isPlain, offeredBy } from "./architectures.ts";
import {
  bases,
  expertWidth,
  isMixture,
  lengthField,
  type NumberField,
  optimizers,
  problemOf,
  recomputeWays,
  type Settings,
  schedules,
  settingsFor,
  sizesOf,
  trainingOf,
  widthOf,
  withArchitecture,
} from "./settings.ts";

const set = (change: Partial<Settings>) => {
  settings.value = { ...settings.value, ...change };
};

/** Settings that a run cannot change are disabled during one. */
const closed = (isFixed: boolean) => phase.value !== "idle" || (isFixed && begun.value);

/** A number with a slider, or only with a field. */
function NumberInput({ field, isFixed }: { field: NumberField; isFixed: boolean }) {
  const { name, label, range, slider, step, fraction } = field;
  const value = settings.value[name];
  const problem = problemOf(field, value);
  const disabled = closed(isFixed);
  return (
    <label class={slider ? "field slider" : "field"}>
      <span>{label}</span>
      <input
        id={`set-${name}`}
        type={slider ? "range" : "number"}
        min={slider ? range[0] : undefined}
        max={slider ? range[1] : undefined}
        step={fraction ? "any" : (step ?? 1)}
        value={Number.isNaN(value) ? "" : value}
        disabled={disabled}
        aria-invalid={problem !== undefined}
        aria-describedby={problem === undefined ? undefined : `problem-${name}`}
        onInput={({ currentTarget: { value: words } }) => set({ [name]: words === "" ? Number.NaN : Number(words) })}
      />
      {slider && <output>{value}</output>}
      {problem !== undefined && (
        <span class="problem" id={`problem-${name}`}>
          {problem}
        </span>
      )}
    </label>
  );
}

type Words = "architecture" | "base" | "optimizer" | "schedule" | "recompute";

/** The base models of adapters, as text. */
const baseWords = Object.fromEntries(
  Object.entries(bases).map(([name, { weights }]) => [name, `${name}: ${weights} weights`]),
);

/** A choice of named values. */
function Choice({
  name,
  label,
  of,
  isFixed,
}: {
  name: Words;
  label: string;
  of: Readonly<Record<string, string>>;
  isFixed: boolean;
}) {
  return (
    <label class="field">
      <span>{label}</span>
      <select
        id={`set-${name}`}
        value={settings.value[name]}
        disabled={closed(isFixed)}
        onChange={({ currentTarget: { value } }) => {
          if (name === "architecture") {
            set(withArchitecture(settings.value, value as Settings["architecture"]));
            return;
          }
          set({ [name]: value });
          const { task, architecture, optimizer } = settings.value;
          // Optimizers differ in step size.
          if (name === "optimizer") set({ learningRate: settingsFor(task, { architecture, optimizer }).learningRate });
        }}
      >
        {Object.entries(of).map(([key, words]) => (
          <option key={key} value={key}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Description of the experts. */
const expertWords = () =>
  `Hidden width of an expert ${count(expertWidth(settings.value))}: a token passes about as many weights as in a dense layer.`;

/** Description of the size of a model without layers and heads. */
const plainWords = (architecture: Architecture) =>
  architecture === "bag-of-words"
    ? "It has no other size: a weight for each word and label."
    : `The width is that of ${architecture.startsWith("gru") ? "the state" : "a word's vector"}.`;

/** The size of the model. */
export function ModelPanel() {
  const { task, base, architecture } = settings.value;
  const { adapts } = taskOf(task);
  const { layers, width } = bases[base];
  return (
    <section class="panel" aria-label="Model">
      <h2>Model</h2>
      <div class="settings">
        {adapts ? (
          <Choice name="base" label="Bundled model" of={baseWords} isFixed />
        ) : (
          <Choice name="architecture" label="Kind" of={offeredBy(task)} isFixed />
        )}
        {[...sizesOf(settings.value), lengthField(task)].map((field) => (
          <NumberInput key={field.name} field={field} isFixed />
        ))}
      </div>
      <p class="small muted" id="width">
        {adapts
          ? `${layers} layers of width ${width}, whose weights stay, and an adapter of this rank for each product.`
          : isPlain(architecture)
            ? plainWords(architecture)
            : `Width ${count(widthOf(settings.value))}: heads times the width of a head.${isMixture(settings.value) ? ` ${expertWords()}` : ""}`}
        {begun.value ? " A run keeps its model: reset it to change this." : ""}
      </p>
    </section>
  );
}

/** How it is trained. */
export function TrainingPanel() {
  const fixed = new Set(["seed"]);
  return (
    <section class="panel" aria-label="Training">
      <h2>Training</h2>
      <div class="settings two">
        <Choice name="optimizer" label="Optimizer" of={optimizers} isFixed />
        <Choice name="schedule" label="Schedule" of={schedules} isFixed={false} />
        {trainingOf(settings.value).map((field) => (
          <NumberInput key={field.name} field={field} isFixed={fixed.has(field.name)} />
        ))}
        {(!isPlain(settings.value.architecture) || settings.value.recompute !== "nothing") && (
          <Choice name="recompute" label="What gradients read" of={recomputeWays} isFixed={false} />
        )}
      </div>
      <p class="small muted">
        The same settings and seed give the same run, to the bit, on one device and browser. While it is paused, all but
        optimizer and seed may change.
      </p>
    </section>
  );
}
