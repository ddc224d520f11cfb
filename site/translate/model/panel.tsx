import { counted, memory } from "../../shell/format.ts";
import { ModelPanel, type PanelWords } from "../../shell/model/model-panel.tsx";
import { choice, chosenIsLoaded, hub, model, plan } from "../state.ts";
import { bundled, problemOf } from "./choice.ts";

/** A larger limit on the text's length is irrelevant to readers. */
const maxNamed = 100_000;

const words: PanelWords = {
  bundled: bundled.title,
  label: "an encoder-decoder's folder: owner/name, or its address",
  example: "google-t5/t5-small",
  hint: "Pick or drop a model's folder: T5, BART, Marian or your own.",
  privacy: "texts go nowhere",
};

/** The model that writes: its choice and requirements. */
export const WriterPanel = () => (
  <ModelPanel
    choice={choice}
    hub={hub}
    model={model}
    plan={plan}
    words={words}
    problem={problemOf(choice.value)}
    facts={facts()}
  />
);

function facts(): string | undefined {
  if (!chosenIsLoaded.value || model.value.kind !== "ready") return undefined;
  const { architecture, encoderLayers, layers, heads, sourceContext, bytes, quantisation, untrained } =
    model.value.facts;
  return (
    `✓ loaded: ${architecture}, ${counted(encoderLayers, "layer")} of encoder and ${layers} of decoder, ` +
    `${counted(heads, "head")}, ${quantisation}${untrained ? ", random weights" : ""}, ${memory(bytes)} on the GPU` +
    (sourceContext <= maxNamed ? `; texts of up to ${counted(sourceContext, "token")}` : "")
  );
}
