import { counted, memory } from "../../shell/format.ts";
import { ModelPanel, type PanelWords } from "../../shell/model/model-panel.tsx";
import { choice, chosenIsLoaded, hub, model, plan } from "../state.ts";
import { bundledName, problemOf } from "./choice.ts";

const words: PanelWords = {
  bundled: "Bundled: the Universal Sentence Encoder lite, English",
  label: "a sentence-transformers folder: owner/name, or its address",
  example: "sentence-transformers/all-MiniLM-L6-v2",
  hint: "Pick a model's folder. Dropping leaves out its subfolders, so a folder with 1_Pooling has to be picked.",
  privacy: "texts and queries go nowhere",
};

/** The model that makes vectors: its choice and requirements. */
export const EncoderPanel = () => (
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
  const { architecture, layers, width, maxTokens, bytes, quantisation } = model.value.facts;
  return (
    `✓ loaded: ${architecture}, ${counted(layers, "layer")}, ${quantisation}, ${memory(bytes)} on the GPU; ` +
    `vectors of ${width} elements, the first ${maxTokens} tokens of a passage`
  );
}

/** The bundled model's name on the page. */
export const shortName = (name: string): string => (name === bundledName ? "USE-lite" : name);
