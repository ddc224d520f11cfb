import { Shell } from "../shell/shell.tsx";
import { Troubles } from "../shell/trouble/troubles.tsx";
import { ModelPanel } from "./model/panel.tsx";
import { Drawer } from "./side/drawer.tsx";
import { Composer } from "./text/composer.tsx";
import { TextPane } from "./text/pane.tsx";
import { troubles } from "./troubles.ts";

/** The page that runs a language model. */
export function Page() {
  const narrow = matchMedia("(max-width: 1099px)").matches;
  return (
    <Shell page="Generate">
      <h1>Generate</h1>
      <p class="lead">
        A language model in this page, on your own GPU: load one, let it complete your text or answer you, and look at
        every token. Nothing you write leaves this device.
      </p>
      <div class="workplace">
        <div class="column">
          <ModelPanel />
          <Troubles troubles={troubles.value} />
          <TextPane />
          <Composer />
        </div>
        <aside class="drawer" aria-label="Settings and views into the model">
          <details open={!narrow}>
            <summary>Sampling, tokens, attention, storage, export</summary>
            <Drawer />
          </details>
        </aside>
      </div>
    </Shell>
  );
}
