import { effect } from "@preact/signals";
import { render } from "preact";
import { device, reopen } from "../shell/device/device.ts";
import { pageKeys } from "../shell/keys.ts";
import { followAddress } from "../shell/permalink.ts";
import { say } from "../shell/status.ts";
import { keepAddress, readAddress } from "./address.ts";
import { followChoice, loadModel } from "./model/load.ts";
import { Page } from "./page.tsx";
import { simulate } from "./simulate.ts";
import { model, writing } from "./state.ts";
import { stopWriting } from "./text/write.ts";
import { client } from "./worker/client.ts";

const focusOn = (selector: string) => document.querySelector<HTMLElement>(selector)?.focus();

pageKeys.value = [
  {
    keys: "/",
    does: "goes to your text",
    single: true,
    matches: ({ key }) => key === "/",
    run: () => focusOn("#source"),
  },
  {
    keys: "Ctrl or ⌘ + Enter",
    does: "loads the model and writes",
    matches: ({ key, ctrlKey, metaKey }) => key === "Enter" && (ctrlKey || metaKey),
    run: () => {
      const why = document.querySelector("#why-not")?.textContent;
      if (why) say(why);
      else if (!writing.value) document.querySelector<HTMLElement>("button.primary")?.click();
    },
  },
  {
    keys: "Esc",
    does: "stops writing",
    matches: ({ key }) => key === "Escape" && writing.value,
    run: stopWriting,
  },
  {
    keys: "G",
    does: "goes to the grid, which the arrow keys walk",
    single: true,
    matches: ({ key }) => key === "g",
    run: () => focusOn("#grid"),
  },
];

/** Opens a new device and reloads the model. */
reopen.value = () => {
  const had = model.value.kind === "ready";
  model.value = { kind: "none" };
  client.start();
  const stop = effect(() => {
    const { kind } = device.value;
    if (kind === "opening") return;
    queueMicrotask(() => {
      stop();
      if (kind === "ready" && had) void loadModel();
    });
  });
};

/** The tab's title shows what the page does, for readers in another tab. */
effect(() => {
  document.title = `${writing.value ? "Writing · " : ""}Translate · Shaderformer`;
});

await readAddress();
keepAddress();
client.start();
simulate();
followChoice();
await new Promise((resolve) => setTimeout(resolve)); // the page is drawn in a separate task
render(<Page />, document.body);
followAddress(readAddress);
