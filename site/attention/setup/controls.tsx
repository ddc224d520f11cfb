import type { ComponentChildren } from "preact";
import { backwardVariants } from "../../../bench/attention/backward/subjects.ts";
import { cacheFormats } from "../../../bench/attention/inputs/formats.ts";
import { parseHeads } from "../../../bench/attention/inputs/heads.ts";
import { usualLayouts } from "../../../bench/attention/inputs/layouts.ts";
import { usualMasks } from "../../../bench/attention/inputs/masks.ts";
import { usualScores } from "../../../bench/attention/inputs/scores.ts";
import { paintedName } from "../mask/painted.ts";
import { ownName } from "../own/function.ts";
import { choose, otherFunctions, own, painted, problems, setup, variants } from "../state.ts";
import { hasGradients, passes, presets, type Setup, standard } from "./setup.ts";

const quick = ["q64", "q128", "q256", "q512", "q1k", "q2k", "q1s512", "q1s1k", "q1s4k"];

/** What each pass measures. */
const passWords: Readonly<Record<string, string>> = {
  forward: "attention alone, as in generation",
  backward: "the gradients of queries, keys and values, next to the forward pass that they need",
  both: "forward, gradients, and both in one program, as in a training step",
};

/** The left rail: everything that a measurement depends on. */
export function Controls() {
  const chosen = setup.value;
  const kinds = new Map(chosen.masks.map((text) => [text.split(":")[0] ?? text, text]));
  return (
    <>
      <Group title="Start from" field={undefined}>
        {presets.map(({ name, setup: given }) => (
          <button key={name} type="button" onClick={() => choose({ ...standard, ...given })}>
            {name}
          </button>
        ))}
      </Group>
      <Group title="Pass" field="pass">
        <Choices of={passes} field="pass" />
        <span class="small muted">{passWords[chosen.pass]}</span>
      </Group>
      {hasGradients(chosen) ? (
        <Group title="Variants of the gradients" field="gradients">
          {backwardVariants.map((name) => (
            <Chip key={name} name={name} list={chosen.gradients} field="gradients" />
          ))}
        </Group>
      ) : (
        <>
          <Group title="Variants" field="variants">
            {variants
              .filter((name) => !otherFunctions.includes(name))
              .map((name) => (
                <Chip key={name} name={name} list={chosen.variants} field="variants" />
              ))}
          </Group>
          <Group title="Without a softmax" field={undefined}>
            {otherFunctions.map((name) => (
              <Chip key={name} name={name} list={chosen.variants} field="variants" />
            ))}
            <span class="small muted">other functions of the same inputs, checked by their own definitions</span>
          </Group>
        </>
      )}
      <Group title="Masks" field="masks">
        {own.value?.kind === "mask" && <Chip name={ownName} list={chosen.masks} field="masks" />}
        {painted.value && <Chip name={paintedName} list={chosen.masks} field="masks" />}
        {usualMasks.map(({ name, text }) => (
          <Chip key={name} name={name} text={kinds.get(name) ?? text} list={chosen.masks} field="masks" />
        ))}
        {chosen.masks
          .filter((text) => text.includes(":"))
          .map((text) => (
            <label key={text.split(":")[0]} class="parameters">
              {text.split(":")[0]}{" "}
              <input
                value={text.slice(text.indexOf(":") + 1)}
                aria-label={`Numbers of ${text.split(":")[0]}`}
                onChange={({ currentTarget }) =>
                  choose({
                    masks: chosen.masks.map((one) =>
                      one === text ? `${text.split(":")[0]}:${currentTarget.value}` : one,
                    ),
                  })
                }
              />{" "}
              <code class="small muted">{usualMasks.find(({ name }) => name === text.split(":")[0])?.words}</code>
            </label>
          ))}
      </Group>
      <Group title="Batches" field="batches">
        {quick.map((name) => (
          <Chip key={name} name={name} list={chosen.batches} field="batches" />
        ))}
        <label class="field wide">
          <span>
            As text: <code>(n)q(queries)s(keys)</code>; <code>_</code> joins, commas separate
          </span>
          <input
            id="batches"
            value={chosen.batches.join(", ")}
            onChange={({ currentTarget }) =>
              choose({
                batches: currentTarget.value
                  .split(",")
                  .map((one) => one.trim())
                  .filter(Boolean),
              })
            }
          />
        </label>
      </Group>
      <Group title="Heads" field="heads">
        <label class="field">
          <span>query heads / key heads × width</span>
          <input
            value={chosen.heads}
            list="head-forms"
            onChange={({ currentTarget }) => choose({ heads: currentTarget.value.trim(), model: "" })}
          />
          <datalist id="head-forms">
            {["8x64", "12x64", "14/2x64", "32/8x64", "32/8x128", "8/4x256"].map((form) => (
              <option key={form} value={form} />
            ))}
          </datalist>
        </label>
        {!problems.value.has("heads") && <span class="small muted">{grouping(chosen)}</span>}
      </Group>
      <Group title="Score" field="score">
        <Choices of={[...usualScores, ...(own.value?.kind === "score" ? [ownName] : [])]} field="score" />
      </Group>
      <Group title="Type of keys and values" field="dtype">
        <Choices of={cacheFormats} field="dtype" />
      </Group>
      <Group title="Layout of keys and values" field="layout">
        <Choices of={usualLayouts} field="layout" />
      </Group>
      <Group title="Timing" field="samples">
        <label class="field">
          <span>timed intervals at most</span>
          <input
            value={chosen.samples}
            inputMode="numeric"
            onChange={({ currentTarget }) => choose({ samples: currentTarget.value.trim() })}
          />
        </label>
        <button
          type="button"
          class="chip"
          aria-pressed={chosen.peaks === "1"}
          onClick={() => choose({ peaks: chosen.peaks === "1" ? "0" : "1" })}
        >
          this device's peaks first
        </button>
      </Group>
    </>
  );
}

function Group({
  title,
  field,
  children,
}: {
  title: string;
  field: keyof Setup | undefined;
  children: ComponentChildren;
}) {
  const problem = field && problems.value.get(field);
  return (
    <fieldset aria-invalid={problem !== undefined} aria-describedby={problem ? `problem-${field}` : undefined}>
      <legend>{title}</legend>
      <div class="row">{children}</div>
      {problem && (
        <p class="problem" id={`problem-${field}`} role="alert">
          {problem}
        </p>
      )}
    </fieldset>
  );
}

/** A list entry, on or off. */
function Chip({
  name,
  text = name,
  list,
  field,
}: {
  name: string;
  text?: string;
  list: readonly string[];
  field: "variants" | "gradients" | "masks" | "batches";
}) {
  const on = list.includes(text);
  return (
    <button
      type="button"
      class="chip"
      aria-pressed={on}
      onClick={() => choose({ [field]: on ? list.filter((one) => one !== text) : [...list, text] })}
    >
      {name}
    </button>
  );
}

/** Exactly one of several. */
function Choices({ of, field }: { of: readonly string[]; field: "pass" | "score" | "dtype" | "layout" }) {
  const chosen = setup.value[field];
  return (
    <>
      {[...of, ...(of.includes(chosen) ? [] : [chosen])].map((text) => (
        <button
          key={text}
          type="button"
          class="chip"
          aria-pressed={chosen === text}
          onClick={() => choose({ [field]: text })}
        >
          {text}
        </button>
      ))}
    </>
  );
}

function grouping({ heads }: Setup): string {
  const { h, g } = parseHeads(heads);
  if (g === h) return "multi-head: every query head has its own keys and values";
  return g === 1
    ? "multi-query: one key and value head for all"
    : `grouped: ${h / g} query heads share a key and value head`;
}
