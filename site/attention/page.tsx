import { Shell } from "../shell/shell.tsx";
import { MaskPane } from "./mask/pane.tsx";
import { OwnPane } from "./own/pane.tsx";
import { Finding, Results } from "./results/pane.tsx";
import { RunPanel } from "./run/panel.tsx";
import { Controls } from "./setup/controls.tsx";

/** The attention laboratory. */
export function Page() {
  const narrow = matchMedia("(max-width: 860px)").matches;
  return (
    <Shell page="Attention" skips={[{ to: "run", words: "Skip to Run" }]}>
      <h1>Attention laboratory</h1>
      <p class="lead">
        Every attention variant on the same inputs, on your GPU: checked against float64 first, then timed. Nothing
        leaves this device.
      </p>
      <div class="laboratory">
        <aside class="controls" aria-label="What is measured">
          <details open={!narrow}>
            <summary>Variants, masks, batches, heads</summary>
            <Controls />
          </details>
        </aside>
        <div>
          <Finding />
          <RunPanel />
          <MaskPane />
          <Results />
          <OwnPane />
        </div>
      </div>
    </Shell>
  );
}
