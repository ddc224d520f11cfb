import { useState } from "preact/hooks";
import { choose } from "../setup/state.ts";
import type { ModelChoice } from "./choice.ts";
import { hub, takeHub } from "./load.ts";

/** The name of a repository or the address of a folder, and where the hub is. */
export function HubFields({ chosen }: { chosen: Extract<ModelChoice, { kind: "hub" | "address" }> }) {
  const named = chosen.kind === "hub";
  const [endpoint, setEndpoint] = useState(hub.value.endpoint);
  const [token, setToken] = useState(hub.value.token);
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
          <form
            class="row"
            onSubmit={(event) => {
              event.preventDefault();
              takeHub({ endpoint: endpoint.trim(), token: token.trim() });
            }}
          >
            <label class="field">
              <span>token, for gated models: sent to the hub alone, forgotten with this page</span>
              <input
                type="password"
                autocomplete="off"
                value={token}
                onInput={({ currentTarget }) => setToken(currentTarget.value)}
              />
            </label>
            <label class="field">
              <span>address of the hub</span>
              <input
                id="hub"
                type="url"
                value={endpoint}
                onInput={({ currentTarget }) => setEndpoint(currentTarget.value)}
              />
            </label>
            <button type="submit">Use these</button>
          </form>
        </details>
      )}
    </>
  );
}
