import { Shell } from "../shell/shell.tsx";
import { Troubles } from "../shell/trouble/troubles.tsx";
import { Texts } from "./alignment/texts.tsx";
import { AlignmentView } from "./alignment/view.tsx";
import { ModelPanel } from "./model/panel.tsx";
import { run } from "./state.ts";
import { TextCard } from "./text/card.tsx";
import { OptionsPanel } from "./text/options-panel.tsx";
import { troubles } from "./troubles.ts";

/** The page on which an encoder-decoder writes a text from a text, and shows what each token attends to. */
export function Page() {
  return (
    <Shell page="Translate">
      <h1>Translate, and see what is attended to</h1>
      <p class="lead">
        An encoder-decoder reads your text and writes another from it on your own GPU. While it writes, a grid shows
        which tokens of yours each new one attends to. Both texts stay on this device.
      </p>
      <div class="translate-place">
        <div class="translate-column">
          <TextCard />
          <Troubles troubles={troubles.value} />
          {run.value ? (
            <>
              <Texts />
              <AlignmentView />
            </>
          ) : (
            <p class="muted" id="empty">
              What is written appears here, token by token, and below it the grid: a row for each token that was
              written, a column for each of your text's.
            </p>
          )}
        </div>
        <aside class="translate-side" aria-label="Options and model">
          <OptionsPanel />
          <ModelPanel />
        </aside>
      </div>
    </Shell>
  );
}
