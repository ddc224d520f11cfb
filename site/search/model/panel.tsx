import { useRef } from "preact/hooks";
import { filesOf, nameOfFiles } from "../../generate/model/dropped.ts";
import { DropArea } from "../../shell/drop-area.tsx";
import { counted, fileSize, memory } from "../../shell/format.ts";
import { HubSettings } from "../../shell/hub/hub-settings.tsx";
import { choice, chosenIsLoaded, hub, model, plan } from "../state.ts";
import { bundledName, hostOf, type ModelChoice, problemOf } from "./choice.ts";

const kinds: readonly (readonly [ModelChoice["kind"], string, ModelChoice])[] = [
  ["bundled", "Bundled: the Universal Sentence Encoder lite, English", { kind: "bundled" }],
  ["named", "By name or address", { kind: "named", text: "" }],
  ["files", "Your files", { kind: "files", name: "", files: {} }],
];

/** The model that makes vectors: which, and what it needs. */
export function ModelPanel() {
  const chosen = choice.value;
  const problem = problemOf(chosen);
  return (
    <section class="panel" aria-label="Model">
      <h2>Model</h2>
      <fieldset class="kinds" disabled={model.value.kind === "loading"}>
        <legend class="hidden-text">Where the model comes from</legend>
        {kinds.map(([kind, words, empty]) => (
          <label key={kind} class="kind">
            <input
              type="radio"
              name="model-kind"
              value={kind}
              checked={kind === chosen.kind}
              onChange={() => {
                choice.value = empty;
              }}
            />
            {words}
          </label>
        ))}
        {chosen.kind === "named" && <NameFields text={chosen.text} />}
        {chosen.kind === "files" && <FolderField chosen={chosen} />}
      </fieldset>
      {problem ? <p class="problem">{problem}</p> : <Needs />}
      <p class="small muted">{privacy(chosen)}</p>
    </section>
  );
}

/** Where files come from, and what leaves the device. */
function privacy(chosen: ModelChoice): string {
  if (chosen.kind === "files") return "Your files are read here and go nowhere.";
  const host = hostOf(chosen, hub.value.endpoint);
  return `The model's files come from ${chosen.kind === "bundled" ? "this site" : (host ?? "the host that you name")}; texts and queries go nowhere.`;
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

function NameFields({ text }: { text: string }) {
  return (
    <>
      <label class="field">
        <span>a sentence-transformers folder: owner/name, or its address</span>
        <input
          id="model-name"
          type="text"
          inputMode="url"
          spellcheck={false}
          autocapitalize="off"
          autocomplete="off"
          placeholder="sentence-transformers/all-MiniLM-L6-v2"
          value={text}
          onInput={({ currentTarget: { value } }) => {
            choice.value = { kind: "named", text: value };
          }}
        />
      </label>
      <details>
        <summary>Access token, another hub</summary>
        <HubSettings
          hub={hub.value}
          take={(place) => {
            hub.value = place;
          }}
          formClass="hub"
        />
      </details>
    </>
  );
}

function FolderField({ chosen }: { chosen: Extract<ModelChoice, { kind: "files" }> }) {
  const folder = useRef<HTMLInputElement>(null);
  const take = (name: string, list: readonly File[]) => {
    if (list.length === 0) return;
    // Of a folder's own folders, as sentence-transformers has them, the path within it.
    const path = (file: File) => file.webkitRelativePath.split("/").slice(1).join("/") || file.name;
    choice.value = { kind: "files", name, files: Object.fromEntries(list.map((file) => [path(file), file])) };
  };
  const given = Object.values(chosen.files);
  return (
    <DropArea
      label="Files of a model"
      onDropped={(data) => void filesOf(data).then(({ name, files }) => take(name, files))}
    >
      <p>
        {given.length > 0
          ? `${chosen.name}: ${counted(given.length, "file")}, ${fileSize(given.reduce((sum, { size }) => sum + size, 0))}`
          : "Pick a model's folder. Dropped, its own folders are left out, so a folder with 1_Pooling has to be picked."}
      </p>
      <p class="row">
        <button type="button" onClick={() => folder.current?.click()}>
          Pick a folder
        </button>
      </p>
      <input
        ref={folder}
        type="file"
        hidden
        aria-label="A model's folder"
        {...{ webkitdirectory: true }}
        onChange={({ currentTarget }) => {
          const list = [...(currentTarget.files ?? [])];
          take(list[0]?.webkitRelativePath.split("/")[0] || nameOfFiles(list), list);
          currentTarget.value = "";
        }}
      />
    </DropArea>
  );
}

/** The bundled model's name, as the page says it. */
export const shortName = (name: string): string => (name === bundledName ? "USE-lite" : name);
