import { useEffect, useRef, useState } from "preact/hooks";
import { count } from "../../shell/format.ts";
import { load } from "../model/load.ts";
import { problems, prompt, runAtOnce } from "../state.ts";
import { ContextGauge } from "../strips/context-gauge.tsx";
import { engineNow } from "../worker/client.ts";
import { complete, draft, edit, isWriting, latest, mode, send, stopWriting, turns } from "./state.ts";

/** The input field, with the button that sends and stops. It stays enabled while the model writes. */
export function Composer() {
  const field = useRef<HTMLTextAreaElement>(null);
  const chat = mode.value === "chat";
  const text = chat ? draft : prompt;
  const writing = isWriting.value;
  const why = whyNot(chat, text.value);
  const [editing, setEditing] = useState<number>();
  const act = () => {
    if (writing) return stopWriting();
    if (why !== undefined) return;
    if (editing !== undefined) {
      edit(editing, draft.value);
      draft.value = "";
      setEditing(undefined);
    } else if (chat) send();
    else complete();
  };
  /** Moves the last message back into the empty field. */
  const editLast = () => {
    const last = turns.value.findLast(({ role }) => role === "user");
    if (!last || !("text" in last)) return false;
    draft.value = last.text;
    setEditing(last.id);
    return true;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.isComposing || event.keyCode === 229) return; // Safari ends a composition before the key
    if (event.key === "Enter" && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      if (!writing) act();
    } else if (event.key === "ArrowUp" && chat && draft.value === "" && !writing && editLast()) event.preventDefault();
    else if (event.key === "Escape" && editing !== undefined && !writing) {
      draft.value = "";
      setEditing(undefined);
    }
  };
  const words = chat ? (editing === undefined ? "Message" : "Your message, edited") : "Text to continue";
  return (
    <form
      class={load.value.kind === "ready" ? "composer stays" : "composer"}
      onSubmit={(event) => {
        event.preventDefault();
        act();
      }}
    >
      <label class="field">
        <span>
          {words} <span class="muted keys-hint">Enter sends, Shift + Enter begins a line</span>
        </span>
        <textarea
          id="draft"
          ref={field}
          rows={rowsOf(text.value)}
          value={text.value}
          onInput={({ currentTarget }) => {
            runAtOnce.value = false;
            text.value = currentTarget.value;
          }}
          onKeyDown={onKeyDown}
        />
      </label>
      <div class="row">
        <button
          type="button"
          class="primary send"
          aria-disabled={!writing && why !== undefined}
          aria-describedby={!writing && why !== undefined ? "why-not" : undefined}
          onClick={act}
        >
          {writing ? "Stop" : editing !== undefined ? "Send instead" : chat ? "Send message" : "Complete text"}
        </button>
        {!writing && why !== undefined && (
          <span class="small muted" id="why-not">
            {why}
          </span>
        )}
        <Room text={text.value} />
      </div>
    </form>
  );
}

const rowsOf = (text: string) => Math.min(8, Math.max(2, text.split("\n").length + Math.floor(text.length / 90)));

function whyNot(chat: boolean, text: string): string | undefined {
  if (load.value.kind !== "ready")
    return load.value.kind === "loading" ? "The model is loading." : "Load a model first.";
  const [wrong] = problems.value.values();
  if (wrong) return wrong;
  return chat && text.trim() === "" ? "Write a message first." : undefined;
}

/** Tokens of the draft, and how much of the context is used with it. */
function Room({ text }: { text: string }) {
  const ready = load.value.kind === "ready" ? load.value.info : undefined;
  const [tokens, setTokens] = useState<number>();
  useEffect(() => {
    if (!ready) return setTokens(undefined);
    let over = false;
    const timer = setTimeout(
      () =>
        engineNow()
          .then((engine) => engine.tokenize(text))
          .then(
            ({ tokens: found }) => !over && setTokens(found.length),
            () => !over && setTokens(undefined), // sending it will report the error
          ),
      250,
    );
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [text, ready]);
  if (!ready) return null;
  const { promptTokens = 0, tokens: written = 0 } = latest.value?.stats ?? {};
  const chat = mode.value === "chat";
  const used = promptTokens + written;
  const ahead = tokens ?? 0;
  return (
    <>
      <ContextGauge
        used={chat ? used + (text === "" ? 0 : ahead) : latest.value ? Math.max(used, ahead) : ahead}
        size={ready.context}
      />
      {tokens !== undefined && text !== "" && <span class="small muted">{count(tokens)} in the field</span>}
    </>
  );
}
