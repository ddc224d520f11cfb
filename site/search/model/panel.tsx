import { counted, fileSize, memory } from "../../shell/format.ts";
import { FolderField, KindField, NameField, privacy } from "../../shell/model/fields.tsx";
import { choice, chosenIsLoaded, hub, model, plan } from "../state.ts";
import { bundledName, problemOf } from "./choice.ts";

/** The model that makes vectors: its choice and requirements. */
export function ModelPanel() {
  const chosen = choice.value;
  const problem = problemOf(chosen);
  return (
    <section class="panel" aria-label="Model">
      <h2>Model</h2>
      <fieldset class="kinds" disabled={model.value.kind === "loading"}>
        <legend class="hidden-text">Where the model comes from</legend>
        <KindField choice={choice} bundled="Bundled: the Universal Sentence Encoder lite, English" />
        {chosen.kind === "named" && (
          <NameField
            {...{ choice, hub }}
            text={chosen.text}
            label="a sentence-transformers folder: owner/name, or its address"
            example="sentence-transformers/all-MiniLM-L6-v2"
          />
        )}
        {chosen.kind === "files" && (
          <FolderField
            choice={choice}
            chosen={chosen}
            hint="Pick a model's folder. Dropping leaves out its subfolders, so a folder with 1_Pooling has to be picked."
          />
        )}
      </fieldset>
      {problem ? <p class="problem">{problem}</p> : <Needs />}
      <p class="small muted">{privacy(chosen, hub.value, "texts and queries go nowhere")}</p>
    </section>
  );
}

function Needs() {
  const state = plan.value;
  if (chosenIsLoaded.value && model.value.kind === "ready") {
    const { architecture, layers, width, maxTokens, bytes, quantisation } = model.value.facts;
    return (
      <p class="small" id="model-facts">
        ✓ loaded: {architecture}, {counted(layers, "layer")}, {quantisation}, {memory(bytes)} on the GPU; vectors of{" "}
        {width} elements, the first {maxTokens} tokens of a passage
      </p>
    );
  }
  if (state.kind === "asking") return <p class="small muted">Reading what the model needs…</p>;
  if (state.kind !== "known") return null;
  const { bytes, kept, license } = state.plan;
  return (
    <p class="small" id="model-needs">
      {fileSize(bytes)} of weights
      {kept >= bytes ? ", here already" : kept > 0 ? `, ${fileSize(kept)} of them here already` : ""}
      {license ? ` · ${license}` : ""}
    </p>
  );
}

/** The bundled model's name on the page. */
export const shortName = (name: string): string => (name === bundledName ? "USE-lite" : name);
