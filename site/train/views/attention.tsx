import { signal } from "@preact/signals";
import { count } from "../../shell/format.ts";
import { HeadPicker, headWords } from "../../shell/tokens/head-picker.tsx";
import { bases } from "../setup/settings.ts";
import { head, shown } from "../state.ts";
import { taskOf } from "../tasks/tasks.ts";
import type { Attention, AttentionOf } from "../worker/history.ts";
import { Grid } from "./grid.tsx";
import { attentionAt } from "./shown-step.ts";
import { StepSlider } from "./step-slider.tsx";

/** Whose attention is shown, if the model has it. */
const chosenPart = signal<AttentionOf>("source");

/** Parts of a model in list order, with their labels and the meaning of a row. */
const parts: Readonly<Record<AttentionOf, readonly [name: string, says: string]>> = {
  source: [
    "of what is written, over the source",
    "Each row is a written token, and shows the given tokens that it is made from",
  ],
  encoder: ["of the encoder", "Each row is a read token, and shows the tokens before and after it that it attends to"],
  decoder: [
    "of what is written, over itself",
    "Each row is a token, and shows the earlier tokens that it uses to predict the next",
  ],
};
/** For a model with one picture. */
const only = { layer: 0, head: 0 } as const;

const partOf = ({ of = "decoder" }: Attention) => of;

/** What each token of a sample attends to, by part of the model, layer, head and step. */
export function AttentionView() {
  const { history, settings, facts } = shown.value;
  const all = attentionAt(history);
  const now = all.find((one) => partOf(one) === chosenPart.value) ?? all[0];
  if (!now) return null;
  // Before a stored run is opened they come from its settings; the bundled model has its own.
  const sizes = facts ?? (taskOf(settings.task).adapts ? bases[settings.base] : settings);
  const columns = (now.columns ?? now.tokens).length;
  // A recurrent model has one picture, regardless of the setting for layers.
  const isOne = now.weights.length === now.tokens.length * columns;
  const { layers, heads } = isOne ? { layers: 1, heads: 1 } : sizes;
  const choice = isOne ? only : head.value;
  const words = isOne ? "" : headWords(choice);
  return (
    <section class="panel attention" aria-label="Attention">
      <h2>What it attends to</h2>
      <p class="small">
        The first sample at step {count(now.step)}
        {words && (
          <>
            : <strong>{words}</strong>
          </>
        )}
        . {parts[partOf(now)][1]}. Weights of the mix, not reasons.
      </p>
      {all.length > 1 && (
        <label class="field" id="attention-part">
          <span>Attention</span>
          <select
            value={partOf(now)}
            onChange={({ currentTarget: { value } }) => {
              chosenPart.value = value as AttentionOf;
            }}
          >
            {Object.entries(parts)
              .filter(([part]) => all.some((one) => partOf(one) === part))
              .map(([part, [name]]) => (
                <option key={part} value={part}>
                  {name}
                </option>
              ))}
          </select>
        </label>
      )}
      <StepSlider />
      <div class={isOne ? "" : "attention-place"}>
        <Grid
          now={now}
          layers={layers}
          heads={heads}
          choice={choice}
          words={words}
          causal={partOf(now) === "decoder"}
        />
        {!isOne && (
          <HeadPicker
            layers={layers}
            heads={heads}
            choice={choice}
            onPick={(picked) => {
              head.value = picked;
            }}
          />
        )}
      </div>
    </section>
  );
}
