import { useState } from "preact/hooks";
import { device } from "../../shell/device/device.ts";
import { deviceTroubles } from "../../shell/device/troubles.ts";
import { counted } from "../../shell/format.ts";
import { Troubles } from "../../shell/trouble/troubles.tsx";
import { load } from "../model/load.ts";
import { prompt } from "../state.ts";
import { failure } from "../troubles/failure.ts";
import { ReplyActions } from "./actions.tsx";
import { useFollow } from "./follow.ts";
import { formatted } from "./formatting.ts";
import { MarkdownBlocks } from "./markdown-blocks.tsx";
import type { Reply } from "./reply.ts";
import { completion, edit, isWriting, latest, mode, outputState, textOf, turns } from "./state.ts";

/** The text: a prompt continued in place, or a conversation. */
export function TextPane() {
  const reply = latest.value;
  // A failure scrolls into view too; nothing moves at the end of a reply.
  const { away, toEnd } = useFollow(reply?.text, isWriting.value || reply?.state === "failed");
  return (
    <section class="text" aria-label={mode.value === "chat" ? "Conversation" : "Text"}>
      {mode.value === "chat" ? <Conversation /> : <Completion />}
      {reply && <ReplyActions reply={reply} />}
      <Status />
      <div id="text-end" />
      {away && (
        <button type="button" class="latest" onClick={toEnd}>
          ↓ Latest
        </button>
      )}
    </section>
  );
}

/** The element whose content is the finished text, and whose state scripts can read. */
function Output({ reply, hidden = false }: { reply: Reply | undefined; hidden?: boolean }) {
  return (
    <span id="output" data-state={outputState.value} class="generated" hidden={hidden}>
      {reply?.text ?? ""}
    </span>
  );
}

function Completion() {
  const reply = completion.value?.reply.value;
  return (
    <div class="paper" role="log" aria-live="off" aria-label="Prompt and continuation">
      {reply ? <span class="prompt">{reply.asked}</span> : <span class="muted">{placeholder()}</span>}
      <Output reply={reply} />
    </div>
  );
}

const placeholder = () =>
  prompt.value === ""
    ? "Your text will appear here, followed by the model's continuation, tinted."
    : "The continuation of your text will appear here.";

function Conversation() {
  const last = turns.value.findLastIndex(({ role }) => role === "assistant");
  return (
    <div role="log" aria-live="off" aria-label="Messages">
      {turns.value.length === 0 && <p class="paper muted">Your conversation will appear here.</p>}
      {turns.value.map((turn, i) => (
        <article key={turn.id} class={`turn ${turn.role}`} aria-label={turn.role === "user" ? "You" : "Model"}>
          {i === last && "writing" in turn ? (
            <Answer reply={turn.writing.reply.value} />
          ) : "text" in turn && turn.role === "user" ? (
            <Said id={turn.id} text={turn.text} />
          ) : (
            <Words text={textOf(turn)} />
          )}
        </article>
      ))}
      {!(turns.value[last] && "writing" in turns.value[last]) && <Output reply={undefined} />}
    </div>
  );
}

/** The last reply, formatted if it has formatting; its plain text stays in the output. */
function Answer({ reply }: { reply: Reply }) {
  const shown = formatted(reply.text, reply.state === "generating");
  return (
    <div class="paper" tabIndex={-1}>
      {shown && <MarkdownBlocks {...shown} />}
      <Output reply={reply} hidden={shown !== undefined} />
    </div>
  );
}

/** An earlier reply. */
function Words({ text }: { text: string }) {
  const shown = formatted(text, false);
  return <div class="paper">{shown ? <MarkdownBlocks {...shown} /> : text}</div>;
}

/** A message of the reader, which can be edited in place. */
function Said({ id, text }: { id: number; text: string }) {
  const [words, setWords] = useState<string>();
  const ready = load.value.kind === "ready";
  if (words === undefined) {
    return (
      <>
        <div class="paper">{text}</div>
        {ready && (
          <button type="button" class="quiet" aria-label="Edit this message" onClick={() => setWords(text)}>
            Edit
          </button>
        )}
      </>
    );
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        edit(id, words);
      }}
    >
      <label class="field">
        <span>Your message, edited; what follows it is written again</span>
        <textarea
          rows={3}
          value={words}
          ref={(field) => field?.focus()}
          onInput={({ currentTarget }) => setWords(currentTarget.value)}
        />
      </label>
      <p class="row">
        <button type="submit">Send instead</button>
        <button type="button" onClick={() => setWords(undefined)}>
          Leave it
        </button>
      </p>
    </form>
  );
}

/** What the page is doing, or the sentence of a failure with what to do. */
function Status() {
  const trouble = failure.value;
  return (
    <div id="status" class="small">
      {trouble ? <Troubles troubles={[trouble]} /> : <p class="muted">{words()}</p>}
    </div>
  );
}

function words(): string {
  const { kind } = load.value;
  const [missing] = device.value.kind === "missing" ? deviceTroubles(device.value) : [];
  if (missing) return missing.says;
  if (kind === "loading") return "Loading the model.";
  const reply = latest.value;
  if (!reply) return kind === "ready" ? "Ready." : "No model is loaded.";
  switch (reply.state) {
    case "generating":
      return "Generating.";
    case "done":
      return `Reply finished, ${counted(reply.stats.tokens, "token")}.`;
    case "stopped":
      return `Stopped after ${counted(reply.stats.tokens, "token")}; they stay.`;
    case "failed":
      return "";
  }
}
