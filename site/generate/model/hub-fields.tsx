import { HubSettings } from "../../shell/hub/hub-settings.tsx";
import { choose } from "../state.ts";
import type { ModelChoice } from "./choice.ts";
import { hub, takeHub } from "./load.ts";

/** The name of a repository or the address of a folder, and where the hub is. */
export function HubFields({ chosen }: { chosen: Extract<ModelChoice, { kind: "hub" | "address" }> }) {
  const named = chosen.kind === "hub";
  return (
    <>
      <label class="field">
        <span>
          {named
            ? "Repository: owner/name, with @revision or /file.gguf if you like"
            : "Address of the model's folder, its page, or a GGUF file"}
        </span>
        <input
          id="model-name"
          type="text"
          inputMode="url"
          spellcheck={false}
          autocapitalize="off"
          autocomplete="off"
          placeholder={named ? "HuggingFaceTB/SmolLM2-135M-Instruct" : "https://example.org/models/mine/"}
          value={chosen.text}
          onInput={({ currentTarget }) => choose({ kind: chosen.kind, text: currentTarget.value })}
        />
      </label>
      {named && (
        <details class="options">
          <summary>Access token, another hub</summary>
          <HubSettings hub={hub.value} take={takeHub} formClass="row" />
        </details>
      )}
    </>
  );
}
