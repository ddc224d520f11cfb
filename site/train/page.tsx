import { Shell } from "../shell/shell.tsx";
import { Troubles } from "../shell/trouble/troubles.tsx";
import { RunCard } from "./run/card.tsx";
import { ModelPanel, TrainingPanel } from "./setup/panels.tsx";
import { troubles } from "./troubles.ts";
import { AttentionView } from "./views/attention.tsx";
import { ExpertsView } from "./views/experts.tsx";
import { Figures } from "./views/figures.tsx";
import { Samples } from "./views/samples.tsx";
import { WordsView } from "./views/words.tsx";

/** The page that trains a small model and shows how it learns. */
export function Page() {
  return (
    <Shell page="Train">
      <h1>Train a Transformer here</h1>
      <p class="lead">
        A small model learns a task from nothing on your own GPU: every product, gradient and step of the optimizer is a
        kernel of this engine. See its loss, its answers and its attention as it learns. Nothing leaves this device.
      </p>
      <div class="train-place">
        <div class="train-column">
          <RunCard />
          <Troubles troubles={troubles.value} />
          <Samples />
          <WordsView />
          <ExpertsView />
          <Figures />
          <AttentionView />
        </div>
        <aside class="train-side" aria-label="Model and training">
          <ModelPanel />
          <TrainingPanel />
        </aside>
      </div>
    </Shell>
  );
}
