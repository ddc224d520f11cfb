import { useState } from "preact/hooks";
import { addressOf } from "../../shell/permalink.ts";
import { copy, download } from "../../shell/status.ts";
import { linkKeys } from "../address.ts";
import { conversation, latest, mode } from "../text/state.ts";
import { markdown, runAsJson } from "./export.ts";

/** Files of the text, and the link. */
export function ExportPanel() {
  const [withAll, setWithAll] = useState(false);
  const [copied, setCopied] = useState(false);
  const nothing = latest.value === undefined && conversation().length === 0;
  const chat = mode.value === "chat";
  const copyLink = async () => {
    const link = addressOf(await linkKeys(withAll && chat ? conversation() : [], withAll));
    if (!(await copy("Link", link))) return;
    setCopied(true);
    setTimeout(() => setCopied(false), 2000);
  };
  const save = (name: string, text: () => string, type: string) => (
    <button
      type="button"
      aria-disabled={nothing}
      aria-describedby={nothing ? "no-export" : undefined}
      onClick={() => !nothing && download(name, text(), type)}
    >
      {name.endsWith("md") ? "Save as Markdown" : "Save run as JSON"}
    </button>
  );
  return (
    <>
      <p class="row">
        {save("text.md", markdown, "text/markdown")}
        {save("run.json", runAsJson, "application/json")}
      </p>
      {nothing && (
        <p class="small muted" id="no-export">
          There is no text yet.
        </p>
      )}
      <p class="small muted">
        The JSON contains model, settings, seed, tokens with their probabilities, times and device.
      </p>
      <h2>Link</h2>
      <p class="small muted">Model, settings and the text to continue; not the answers, and never a token of a hub.</p>
      {chat && (
        <p>
          <label>
            <input
              type="checkbox"
              checked={withAll}
              onChange={({ currentTarget }) => setWithAll(currentTarget.checked)}
            />{" "}
            With the conversation and the system prompt
          </label>
        </p>
      )}
      <button type="button" onClick={() => void copyLink()}>
        {copied ? "✓ Copied" : "Copy link"}
      </button>
    </>
  );
}
