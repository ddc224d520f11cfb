import { Shell } from "../shell/shell.tsx";
import { Troubles } from "../shell/trouble/troubles.tsx";
import { IndexPanel } from "./index/panel.tsx";
import { WorkCard } from "./index/work-card.tsx";
import { MapView } from "./map/view.tsx";
import { EncoderPanel } from "./model/panel.tsx";
import { QueryField } from "./results/query-field.tsx";
import { Results } from "./results/results.tsx";
import { TextsPanel } from "./text/panel.tsx";
import { troubles } from "./troubles.ts";

/** The page for searching texts by meaning. */
export function Page() {
  return (
    <Shell page="Search">
      <h1>Search by meaning</h1>
      <p class="lead">
        Your texts are cut into passages, a sentence encoder makes a vector of each on your own GPU, and a query finds
        the passages that mean something similar. Texts, queries and vectors stay on this device.
      </p>
      <div class="search-place">
        <div class="search-column">
          <WorkCard />
          <Troubles troubles={troubles.value} />
          <QueryField />
          <Results />
          <MapView />
        </div>
        <aside class="search-side" aria-label="Texts, model and index">
          <TextsPanel />
          <EncoderPanel />
          <IndexPanel />
        </aside>
      </div>
    </Shell>
  );
}
