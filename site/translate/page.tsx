import { Shell } from "../shell/shell.tsx";
import { Troubles } from "../shell/trouble/troubles.tsx";
import { Texts } from "./alignment/texts.tsx";
import { AlignmentView } from "./alignment/view.tsx";
import { WriterPanel } from "./model/panel.tsx";
import { TextCard } from "./text/card.tsx";
import { OptionsPanel } from "./text/options-panel.tsx";
import { troubles } from "./troubles.ts";

/** The page where an encoder-decoder writes a text from a text, and shows what each token attends to. */
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
          <Texts />
          <AlignmentView />
        </div>
        <aside class="translate-side" aria-label="Options and model">
          <OptionsPanel />
          <WriterPanel />
        </aside>
      </div>
    </Shell>
  );
}
