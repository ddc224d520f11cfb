import type { Signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { fileSize } from "../format.ts";
import type { Hub } from "../hub/hub.ts";
import type { ModelChoice } from "./choice.ts";
import { FolderField, KindField, NameField, privacy } from "./fields.tsx";
import type { ModelState, PlanState } from "./loader.ts";

/** What a page says of its models. */
export interface PanelWords {
  /** The site's own model. */
  readonly bundled: string;
  /** What a name is of, and an example of one. */
  readonly label: string;
  readonly example: string;
  /** Of folders that are picked or dropped. */
  readonly hint: string;
  /** What stays on the device. */
  readonly privacy: string;
}

/** The choice of a page's model, and what it needs or, once it is loaded, what it is: `facts`. */
export function ModelPanel({
  choice,
  hub,
  model,
  plan,
  problem,
  words,
  facts,
}: {
  choice: Signal<ModelChoice>;
  hub: Signal<Hub>;
  model: Signal<ModelState<unknown>>;
  plan: Signal<PlanState>;
  problem: string | undefined;
  words: PanelWords;
  facts: ComponentChildren;
}) {
  const chosen = choice.value;
  return (
    <section class="panel" aria-label="Model">
      <h2>Model</h2>
      <fieldset class="kinds" disabled={model.value.kind === "loading"}>
        <legend class="hidden-text">Where the model comes from</legend>
        <KindField choice={choice} bundled={words.bundled} />
        {chosen.kind === "named" && (
          <NameField choice={choice} hub={hub} text={chosen.text} label={words.label} example={words.example} />
        )}
        {chosen.kind === "files" && <FolderField choice={choice} chosen={chosen} hint={words.hint} />}
      </fieldset>
      {problem ? (
        <p class="problem">{problem}</p>
      ) : facts ? (
        <p class="small" id="model-facts">
          {facts}
        </p>
      ) : (
        <Needs plan={plan.value} />
      )}
      <p class="small muted">{privacy(chosen, hub.value, words.privacy)}</p>
    </section>
  );
}

function Needs({ plan }: { plan: PlanState }) {
  if (plan.kind === "asking") return <p class="small muted">Reading what the model needs…</p>;
  if (plan.kind !== "known") return null;
  const { bytes, kept, license } = plan.plan;
  return (
    <p class="small" id="model-needs">
      {fileSize(bytes)} of weights
      {kept >= bytes ? ", here already" : kept > 0 ? `, ${fileSize(kept)} of them here already` : ""}
      {license ? ` · ${license}` : ""}
    </p>
  );
}
