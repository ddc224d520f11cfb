import { effect } from "@preact/signals";
import { render } from "preact";
import { reopen } from "../shell/device/device.ts";
import { pageKeys } from "../shell/keys.ts";
import { followAddress } from "../shell/permalink.ts";
import { keepAddress, readAddress } from "./address.ts";
import { hub, load, restartEngine, startLoading } from "./model/load.ts";
import { followChoice } from "./model/plan.ts";
import { Page } from "./page.tsx";
import { simulate } from "./simulate.ts";
import { choice, prompt, runAtOnce, runPending } from "./state.ts";
import { complete, isWriting, mode, stopWriting, takeConversation } from "./text/state.ts";
import { engineFor } from "./worker/client.ts";

const focusOn = (selector: string) => document.querySelector<HTMLElement>(selector)?.focus();

pageKeys.value = [
  {
    keys: "/",
    does: "goes to the text field",
    single: true,
    matches: ({ key }) => key === "/",
    run: () => focusOn("#draft"),
  },
  { keys: "Enter", does: "sends, in the text field; Shift + Enter begins a line" },
  {
    keys: "Ctrl or ⌘ + Enter",
    does: "loads the model; completes or sends",
    matches: ({ key, ctrlKey, metaKey }) => key === "Enter" && (ctrlKey || metaKey),
    run: () => {
      if (load.value.kind === "ready") document.querySelector<HTMLElement>("button.send")?.click();
      else document.querySelector<HTMLElement>(".plan button.primary")?.click();
    },
  },
  {
    keys: "Esc",
    does: "stops the model; closes a sheet",
    matches: ({ key }) => key === "Escape" && isWriting.value,
    run: stopWriting,
  },
  { keys: "↑", does: "in the empty field of a chat: takes your last message back to edit it" },
  {
    keys: "O",
    does: "goes to the last reply",
    single: true,
    matches: ({ key }) => key === "o",
    run: () => {
      const paper = document.querySelector<HTMLElement>("#output")?.closest<HTMLElement>(".paper");
      paper?.setAttribute("tabindex", "-1");
      paper?.focus();
    },
  },
  { keys: "← →", does: "walk over tabs and over tokens, when they have the focus" },
];

/** Follows a link with `run=1`: loads its model, and completes its prompt. */
async function runLink(): Promise<void> {
  if (!runAtOnce.value) return;
  // A stranger's link starts no download from elsewhere: there the reader presses Load, and the text follows.
  if (choice.value.kind === "bundled") {
    const there = load.value.kind === "ready" && load.value.name === choice.value.name;
    if (there || (await startLoading())) begin();
    else runPending.value = false;
    return;
  }
  const stop = effect(() => {
    if (!runAtOnce.value) queueMicrotask(() => stop());
    else if (load.value.kind === "ready")
      queueMicrotask(() => {
        stop();
        begin();
      });
  });
}

function begin(): void {
  runPending.value = false;
  if (runAtOnce.value && mode.value === "complete" && prompt.value !== "") complete();
}

reopen.value = () => {
  restartEngine();
  void engineFor(hub.value).catch(() => undefined); // the page says what is missing
};

/** The tab's title shows what the page does, for readers in another tab. */
effect(() => {
  const state = load.value;
  const percent = state.kind === "loading" ? `${Math.round(100 * state.meter.fraction)} % · ` : "";
  document.title = `${percent}${isWriting.value ? "Writing · " : ""}Generate · Shaderformer`;
});

await readAddress(takeConversation);
keepAddress();
followChoice();
simulate();
void engineFor(hub.value).catch(() => undefined); // likewise
await new Promise((resolve) => setTimeout(resolve)); // the page is drawn in a separate task: both take long
render(<Page />, document.body);
void runLink();
followAddress(() => readAddress(takeConversation).then(runLink));
