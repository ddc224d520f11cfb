import { counted, fileSize, memory } from "../../shell/format.ts";
import { FolderField, KindField, NameField, privacy } from "../../shell/model/fields.tsx";
import { choice, chosenIsLoaded, hub, model, plan } from "../state.ts";
import { bundled, problemOf } from "./choice.ts";

/** A larger limit on the text's length is irrelevant to readers. */
const mostNamed = 100_000;

/** The model that writes: its choice and requirements. */
export function ModelPanel() {
  const chosen = choice.value;
  const problem = problemOf(chosen);
  return (
    <section class="panel" aria-label="Model">
      <h2>Model</h2>
      <fieldset class="kinds" disabled={model.value.kind === "loading"}>
        <legend class="hidden-text">Where the model comes from</legend>
        <KindField choice={choice} bundled={bundled.title} />
        {chosen.kind === "named" && (
          <NameField
            {...{ choice, hub }}
            text={chosen.text}
            label="an encoder-decoder's folder: owner/name, or its address"
            example="google-t5/t5-small"
          />
        )}
        {chosen.kind === "files" && (
          <FolderField
            choice={choice}
            chosen={chosen}
            hint="Pick or drop a model's folder: T5, BART, Marian or your own."
          />
        )}
      </fieldset>
      {problem ? <p class="problem">{problem}</p> : <Needs />}
      <p class="small muted">{privacy(chosen, hub.value, "texts go nowhere")}</p>
    </section>
  );
}

function Needs() {
  const state = plan.value;
  if (chosenIsLoaded.value && model.value.kind === "ready") {
    const { architecture, encoderLayers, layers, heads, sourceContext, bytes, quantisation, untrained } =
      model.value.facts;
    return (
      <p class="small" id="model-facts">
        ✓ loaded: {architecture}, {counted(encoderLayers, "layer")} of encoder and {layers} of decoder,{" "}
        {counted(heads, "head")}, {quantisation}
        {untrained ? ", random weights" : ""}, {memory(bytes)} on the GPU
        {sourceContext <= mostNamed ? `; texts of up to ${counted(sourceContext, "token")}` : ""}
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
