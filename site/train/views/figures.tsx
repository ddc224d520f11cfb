import { count, digits, memory, percent } from "../../shell/format.ts";
import { shown } from "../state.ts";
import type { RunFacts } from "../worker/protocol.ts";
import { accuracyChart, lossChart, memoryChart, partsChart, recomputeWords } from "./charts.ts";
import { Figure } from "./figure.tsx";
import { NumberTable } from "./number-table.tsx";

/** Loss, right answers, gradients and updates of each part of the model, and memory. */
export function Figures() {
  const { history, facts } = shown.value;
  const { looks, steps } = history;
  if (looks.length === 0 && steps.length === 0) return null;
  const baselines = facts?.baselines;
  const parts = facts?.parts ?? [];
  const nats = baselines
    ? ` Without a model: ln V ${digits(baselines.uniform)}${baselines.unigram === undefined ? "" : `, unigram ${digits(baselines.unigram)}, bigram ${digits(baselines.bigram)}`}.`
    : "";
  return (
    <div class="figures">
      <Figure
        name="loss"
        title="Loss"
        caption={`Solid: each step, before it changes the weights. Dashed, with squares: ${count(facts?.heldOut ?? 0)} examples that are held out.${nats}`}
        of={history}
        draw={lossChart(history, baselines)}
        table={() => (
          <NumberTable
            label="Losses"
            heads={["step", "loss, nats", "gradient norm", "learning rate"]}
            rows={steps.map(({ step, loss, gradientNorm, learningRate }) => [
              count(step),
              loss.toFixed(4),
              digits(gradientNorm),
              learningRate.toPrecision(3),
            ])}
          />
        )}
      />
      <Figure
        name="right"
        title="Right answers"
        caption="The share of what is held out that the model answers rightly, always with its first choice."
        of={looks}
        draw={accuracyChart(looks)}
        table={() => (
          <NumberTable
            label="Right answers"
            heads={["step", "right", "loss, nats"]}
            rows={looks.map(({ step, accuracy, loss }) => [count(step), percent(accuracy), loss.toFixed(4)])}
          />
        )}
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
      {facts && <MemoryFigure facts={facts} />}
    </div>
  );
}

function MemoryFigure({ facts: { memory: lines, weightBytes, stateBytes } }: { facts: RunFacts }) {
  const most = lines.map(
    ({ recompute, alive, planned }) =>
      `${recomputeWords[recompute]}, at most ${memory(Math.max(...alive))}, in buffers of ${memory(planned)}`,
  );
  return (
    <Figure
      name="memory"
      title="Memory of a step"
      caption={`What is alive over the calls of a step. What gradients read is kept, or computed again just before: ${most.join("; ")}. This page keeps all. Weights have ${memory(weightBytes)}, the optimiser ${memory(stateBytes)}.`}
      of={lines}
      draw={memoryChart(lines)}
      table={() => (
        <NumberTable
          label="Memory of a step"
          heads={["dispatch", ...lines.map(({ recompute }) => `${recomputeWords[recompute]}, bytes`)]}
          rows={Array.from({ length: Math.max(...lines.map(({ alive }) => alive.length)) }, (_, i) => [
            count(i),
            ...lines.map(({ alive }) => (alive[i] === undefined ? "–" : count(alive[i]))),
          ])}
        />
      )}
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
      {...{ name, title, caption }}
      of={history.looks}
      draw={partsChart(looks, parts, name, label)}
      table={() => (
        <NumberTable
          label={title}
          heads={["step", ...parts]}
          rows={looks.map((look) => [count(look.step), ...(look[name] ?? []).map((value) => value.toPrecision(3))])}
        />
      )}
    />
  );
}
