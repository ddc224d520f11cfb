import { computed, effect, signal, untracked } from "@preact/signals";
import type { GenerateRequest } from "../../../src/engine/generate-request.ts";
import { device } from "../../shell/device/device.ts";
import { counted } from "../../shell/format.ts";
import { say } from "../../shell/status.ts";
import { keep, kept } from "../../shell/store.ts";
import type { ShownToken } from "../../shell/tokens/tokens.ts";
import type { LinkMessage } from "../address.ts";
import { load } from "../model/load.ts";
import { optionsOf } from "../side/sampling.ts";
import { choice, chosenMode, type Mode, problems, prompt, runAtOnce, runPending, sampling, system } from "../state.ts";
import { type Kept, type Reply, type Writing, write } from "./reply.ts";

/** A message of the conversation. */
export type Turn =
  /** The reader's, or a reply from a link. */
  | { readonly id: number; readonly role: "user" | "assistant"; readonly text: string }
  | { readonly id: number; readonly role: "assistant"; readonly writing: Writing };

/** The completion of the prompt. */
export const completion = signal<Writing | undefined>(undefined);
export const turns = signal<readonly Turn[]>([]);
/** The message that the reader is writing. */
export const draft = signal("");
/** Whether tokens come with their probabilities. */
export const withTokens = signal(kept("tokens") === "on");

export function switchTokens(on: boolean): void {
  withTokens.value = on;
  keep("tokens", on ? "on" : undefined);
}

/** The mode: the reader's, else chat if the model has a template. */
export const mode = computed<Mode>(() => {
  const ready = load.value.kind === "ready" ? load.value : undefined;
  if (ready && !ready.info.chat) return "complete";
  return chosenMode.value ?? (ready?.info.chat ? "chat" : "complete");
});

/** The last reply, in the shown mode. */
export const latest = computed<Reply | undefined>(() => {
  if (mode.value === "complete") return completion.value?.reply.value;
  const last = turns.value.findLast((turn) => turn.role === "assistant");
  return last && "writing" in last ? last.writing.reply.value : undefined;
});

let current: Writing | undefined;
export const isWriting = computed(() => latest.value?.state === "generating");

export const stopWriting = (): void => current?.stop();

/** Candidates reported with each token. */
const candidates = 10;

function begin(request: GenerateRequest, from?: Kept): Writing {
  current?.stop();
  const writing = write(
    { ...optionsOf(sampling.value), ...(withTokens.value ? { logprobs: candidates } : {}), ...request },
    from,
  );
  current = writing;
  say("Generating");
  const done = effect(() => {
    const { state, stats } = writing.reply.value;
    if (state === "generating") return;
    if (state !== "failed")
      untracked(() => say(`Reply ${state === "done" ? "finished" : "stopped"}, ${counted(stats.tokens, "token")}`));
    queueMicrotask(() => done());
  });
  return writing;
}

/** Whether the settings allow a generation, and there is a model. */
const mayBegin = () => load.value.kind === "ready" && problems.value.size === 0;

/** Completes the prompt from the start. */
export function complete(): void {
  if (!mayBegin()) return;
  completion.value = begin({ prompt: prompt.value });
}

/** Continues the last reply. */
export function goOn(): void {
  const reply = latest.value;
  if (reply && mayBegin() && canGoOn(reply)) put(resume(reply, reply.tokens));
}

/** Whether a reply can be continued, by its stop reason. */
export const canGoOn = ({ state, given, tokens, stats }: Reply): boolean =>
  state !== "generating" && given.length > 0 && tokens.length > 0 && /length|abort|stop/.test(stats.stopReason ?? "");

function resume({ asked, given }: Reply, tokens: readonly ShownToken[]): Writing {
  const ids = [...given, ...tokens].map(({ token }) => token);
  return begin({ tokens: ids }, { asked, given, tokens, text: tokens.map(({ text }) => text).join("") });
}

/** Replaces a text by its continuation. */
function put(writing: Writing): void {
  if (mode.value === "complete") completion.value = writing;
  else turns.value = [...turns.value.slice(0, -1), { id: ++lastId, role: "assistant", writing }];
}

let lastId = 0;

/** The messages up to a turn, for the model. */
function messagesUntil(end: number) {
  const said = turns.value.slice(0, end).map((turn) => ({ role: turn.role, content: textOf(turn) }));
  return [...(system.value === "" ? [] : [{ role: "system", content: system.value }]), ...said];
}

export const textOf = (turn: Turn): string => ("writing" in turn ? turn.writing.reply.value.text : turn.text);

function answer(): void {
  const writing = begin({ messages: messagesUntil(turns.value.length) });
  turns.value = [...turns.value, { id: ++lastId, role: "assistant", writing }];
}

/** Sends the draft. */
export function send(): void {
  const text = draft.value.trim();
  if (!mayBegin() || text === "") return;
  draft.value = "";
  turns.value = [...turns.value, { id: ++lastId, role: "user", text }];
  answer();
}

/** Rewrites the last reply; in Complete mode the completion. */
export function regenerate(): void {
  if (mode.value === "complete") complete();
  if (mode.value === "complete" || !mayBegin()) return;
  const last = turns.value.findLastIndex(({ role }) => role === "user");
  if (last < 0) return;
  current?.stop();
  turns.value = turns.value.slice(0, last + 1);
  answer();
}

/** Replaces a message of the reader and answers it again; later messages are dropped. */
export function edit(id: number, text: string): void {
  const at = turns.value.findIndex((turn) => turn.id === id);
  if (at < 0 || !mayBegin() || text.trim() === "") return;
  current?.stop();
  turns.value = [...turns.value.slice(0, at), { id: ++lastId, role: "user", text: text.trim() }];
  answer();
}

/** Begins a new conversation, or clears the completion. */
export function clear(): void {
  current?.stop();
  if (mode.value === "complete") completion.value = undefined;
  else turns.value = [];
}

/** Continues the last reply with another token at position `at`, which includes the given tokens. */
export function branch(at: number, token: number, alone: string): void {
  const reply = latest.value;
  if (!reply || !mayBegin() || at < reply.given.length) return;
  const kept = reply.tokens.slice(0, at - reply.given.length);
  put(resume(reply, [...kept, { token, text: alone, alone, generated: true }]));
}

/** Sets the conversation from a link. */
export function takeConversation(messages: readonly LinkMessage[]): void {
  current?.stop();
  turns.value = messages.map(({ role, text }) => ({ id: ++lastId, role, text }));
}

/** The conversation, for links and files. */
export const conversation = (): readonly LinkMessage[] =>
  turns.value.map((turn) => ({ role: turn.role, text: textOf(turn) }));

/** The state of the page's text, for `#output`. */
export const outputState = computed<"empty" | "loading" | Reply["state"]>(() => {
  const { kind } = load.value;
  if (kind === "failed" || (runAtOnce.value && device.value.kind === "missing")) return "failed";
  if (kind === "loading" || (runPending.value && choice.value.kind === "bundled")) return "loading";
  return latest.value?.state ?? "empty";
});
