import { count, digits, memory, percent } from "../../shell/format.ts";
import { Figure } from "../../shell/plots/figure.tsx";
import { fieldsOf, type Settings } from "../setup/settings.ts";
import { earlier, shown } from "../state.ts";
import type { Guess } from "../tasks/guesses.ts";
import type { RunFacts } from "../worker/protocol.ts";
import { accuracyChart, lossChart, memoryChart, partsChart, recomputeWords } from "./charts.ts";

/** The first column of most tables. */
const stepColumn = { name: "step", show: count };

/** The accuracy without a model of the order, as text. */
const guessWords: Readonly<Record<Guess["name"], (share: string) => string>> = {
  words: (share) => ` Dashed: without their order, words say ${share} rightly (a bag of words).`,
  neighbours: (share) => ` Dashed: what comes most often between the two neighbours is right for ${share}.`,
};

/** Loss, right answers, gradients and updates of each part of the model, and memory. */
export function Figures() {
  const { history, facts, settings, recorded } = shown.value;
  const { looks, steps } = history;
  if (looks.length === 0 && steps.length === 0) return null;
  const baselines = facts?.baselines;
  const parts = facts?.parts ?? [];
  const nats = baselines
    ? ` Without a model: ln V ${digits(baselines.uniform)}${baselines.unigram === undefined ? "" : `, unigram ${digits(baselines.unigram)}, bigram ${digits(baselines.bigram)}`}.`
    : "";
  const past = earlier.value;
  const before = past && !recorded && past.settings.task === settings.task ? past : undefined;
  const guess = baselines?.guess;
  return (
    <div class="figures">
      <Figure
        name="loss"
        title="Loss"
        caption={`Solid: each step, before it changes the weights. Dashed, with squares: ${count(facts?.heldOut ?? 0)} examples that are held out.${nats}${before ? ` Dotted: the run before this one${differences(before.settings, settings)}.` : ""}`}
        of={`${settings.task} ${steps.length} ${looks.length} ${before?.steps.length}`}
        draw={lossChart(history, baselines, before?.steps)}
        numbers={() => ({
          label: "Losses",
          columns: [
            stepColumn,
            { name: "loss, nats", show: (loss) => loss.toFixed(4) },
            { name: "gradient norm", show: digits },
            { name: "learning rate", show: (rate) => rate.toPrecision(3) },
          ],
          rows: steps.map(({ step, loss, gradientNorm, learningRate }) => [step, loss, gradientNorm, learningRate]),
        })}
      />
      <Figure
        name="right"
        title="Right answers"
        caption={`${looks.at(-1)?.words ? "The share of analogies whose fourth word is nearest." : "The share of what is held out that the model answers rightly, always with its first choice."}${guess ? guessWords[guess.name](percent(guess.share)) : ""}`}
        of={looks}
        draw={accuracyChart(looks, guess)}
        numbers={() => ({
          label: "Right answers",
          columns: [
            stepColumn,
            { name: "right", show: percent },
            { name: "loss, nats", show: (loss) => loss.toFixed(4) },
          ],
          rows: looks.map(({ step, accuracy, loss }) => [step, accuracy, loss]),
        })}
      />
      {parts.length > 0 && (
        <>
          <PartsFigure
            name="norms"
            title="Gradients"
            label="↑ norm of the gradient"
            caption="The norm of the gradient of each part of the model, before it is clipped."
          />
          <PartsFigure
            name="ratios"
            title="Updates"
            label="↑ change over weights"
            caption="How far one step moves the weights of each part: the norm of the change over that of the weights. The dashed line is at 0.001, about where trainings go well."
          />
        </>
      )}
      {facts && <MemoryFigure facts={facts} way={settings.recompute} />}
    </div>
  );
}

/** The differing settings of two runs, as text. */
function differences(from: Settings, to: Settings): string {
  const words = (["architecture", "base", "optimizer", "schedule"] as const).map((name) => ({ name, label: name }));
  const found = [...fieldsOf(to.task), ...words].filter(({ name }) => from[name] !== to[name]);
  return found.length === 0
    ? ""
    : `, with ${found.map(({ label, name }) => `${label.toLowerCase()} ${from[name]}`).join(", ")}`;
}

function MemoryFigure({ facts, way }: { facts: RunFacts; way: Settings["recompute"] }) {
  const { memory: lines, weightBytes, stateBytes } = facts;
  const most = lines.map(
    ({ recompute, alive, planned }) =>
      `${recomputeWords[recompute]}, at most ${memory(Math.max(...alive))}, in buffers of ${memory(planned)}`,
  );
  return (
    <Figure
      name="memory"
      title="Memory of a step"
      caption={`What is alive over the calls of a step. What gradients read is kept, or computed again just before: ${most.join("; ")}. This run: ${recomputeWords[way]}. Weights have ${memory(weightBytes)}, the optimizer ${memory(stateBytes)}.`}
      of={lines}
      draw={memoryChart(lines)}
      numbers={() => ({
        label: "Memory of a step",
        columns: [
          { name: "dispatch", show: count },
          ...lines.map(({ recompute }) => ({ name: `${recomputeWords[recompute]}, bytes`, show: count })),
        ],
        rows: Array.from({ length: Math.max(...lines.map(({ alive }) => alive.length)) }, (_, i) => [
          i,
          ...lines.map(({ alive }) => alive[i]),
        ]),
      })}
    />
  );
}

function PartsFigure({
  name,
  title,
  label,
  caption,
}: {
  name: "norms" | "ratios";
  title: string;
  label: string;
  caption: string;
}) {
  const { history, facts } = shown.value;
  const parts = facts?.parts ?? [];
  const looks = history.looks.filter((look) => look[name] !== undefined);
  if (looks.length === 0) return null;
  return (
    <Figure
      name={name}
      title={title}
      caption={caption}
      of={history.looks}
      draw={partsChart(looks, parts, name, label)}
      numbers={() => ({
        label: title,
        columns: [stepColumn, ...parts.map((part) => ({ name: part, show: (value: number) => value.toPrecision(3) }))],
        rows: looks.map((look) => [look.step, ...(look[name] ?? [])]),
      })}
    />
  );
}
