import { effect } from "@preact/signals";
import { render } from "preact";
import { device, reopen } from "../shell/device/device.ts";
import { percent } from "../shell/format.ts";
import { pageKeys } from "../shell/keys.ts";
import { followAddress } from "../shell/permalink.ts";
import { say } from "../shell/status.ts";
import { keepAddress, readAddress } from "./address.ts";
import { Page } from "./page.tsx";
import { leave, save, stop, takeKept, train } from "./run/actions.ts";
import { simulate } from "./simulate.ts";
import { begun, doing, history, live, phase } from "./state.ts";
import { client } from "./worker/client.ts";

const focusOn = (selector: string) => document.querySelector<HTMLElement>(selector)?.focus();

pageKeys.value = [
  {
    keys: "Ctrl or ⌘ + Enter",
    does: "trains, or pauses",
    matches: ({ key, ctrlKey, metaKey }) => key === "Enter" && (ctrlKey || metaKey),
    run: () => {
      const why = document.querySelector("#why-not")?.textContent;
      if (doing.value !== undefined || phase.value === "running") void stop();
      else if (why) say(why);
      else train();
    },
  },
  {
    keys: "S",
    does: "takes one step",
    single: true,
    matches: ({ key }) => key === "s",
    run: () => train(1),
  },
  {
    keys: "Esc",
    does: "pauses, or cancels the preparation of a first step",
    matches: ({ key }) => key === "Escape" && (doing.value !== undefined || phase.value === "running"),
    run: () => void stop(),
  },
  {
    keys: "A",
    does: "goes to the attention, which the arrow keys walk",
    single: true,
    matches: ({ key }) => key === "a",
    run: () => focusOn("#attention-grid"),
  },
];

/** Opens a new device; a current run continues from its last save. */
reopen.value = () => {
  const had = begun.value && (live.value || phase.value !== "idle" || device.value.kind === "lost");
  live.value = false;
  client.start();
  const stop = effect(() => {
    const { kind } = device.value;
    if (kind === "opening" || phase.value !== "idle") return;
    queueMicrotask(() => {
      stop();
      if (kind === "ready" && had) train();
    });
  });
};

/** The tab's title shows how far the run is, for readers in another tab. */
effect(() => {
  const right = history.value.looks.at(-1)?.accuracy;
  const now = phase.value === "running" ? `${percent(right)} · ` : "";
  document.title = `${now}Train · Shaderformer`;
});

/** A hidden tab may be closed: its state is saved. */
addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden" && phase.value === "running") void save();
});

await readAddress();
keepAddress();
client.start();
simulate();
const looking = takeKept();
await new Promise((resolve) => setTimeout(resolve)); // the page is drawn in a separate task
render(<Page />, document.body);
await looking;
followAddress(async () => {
  await leave();
  await readAddress();
  await takeKept();
});
