import { CopyButton } from "../../shell/controls/copy-button.tsx";
import { load } from "../model/load.ts";
import { StatsLine } from "../strips/stats-line.tsx";
import { formatted, formatting, switchFormatting } from "./formatting.ts";
import type { Reply } from "./reply.ts";
import { canGoOn, clear, goOn, isWriting, mode, regenerate } from "./state.ts";

/** Actions on the last reply, and its figures. */
export function ReplyActions({ reply }: { reply: Reply }) {
  const ready = load.value.kind === "ready";
  return (
    <div class="reply-actions">
      <StatsLine stats={reply.stats} />
      {!isWriting.value && (
        <p class="row">
          {ready && (
            <button type="button" onClick={regenerate}>
              Write again
            </button>
          )}
          {ready && canGoOn(reply) && (
            <button type="button" onClick={goOn}>
              Go on
            </button>
          )}
          <CopyButton what="Text" text={() => reply.text}>
            Copy text
          </CopyButton>
          {(formatted(reply.text, false) || !formatting.value) && mode.value === "chat" && (
            <button type="button" aria-pressed={formatting.value} onClick={switchFormatting}>
              Formatted
            </button>
          )}
          <button type="button" onClick={clear}>
            Clear
          </button>
        </p>
      )}
    </div>
  );
}
