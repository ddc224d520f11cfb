import { effect } from "@preact/signals";
import { render } from "preact";
import { device, reopen } from "../shell/device/device.ts";
import { pageKeys } from "../shell/keys.ts";
import { followAddress } from "../shell/permalink.ts";
import { keepAddress, readAddress } from "./address.ts";
import { handOver, stopIndexing, takeKept } from "./index/make.ts";
import { followChoice, loadModel } from "./model/load.ts";
import { Page } from "./page.tsx";
import { simulate } from "./simulate.ts";
import { building, model, searchable } from "./state.ts";
import { followTexts } from "./text/follow.ts";
import { client } from "./worker/client.ts";

const focusOn = (selector: string) => document.querySelector<HTMLElement>(selector)?.focus();

pageKeys.value = [
  {
    keys: "/",
    does: "goes to the query",
    single: true,
    matches: ({ key }) => key === "/",
    run: () => focusOn("#query"),
  },
  {
    keys: "Ctrl or ⌘ + Enter",
    does: "loads the model and indexes the texts",
    matches: ({ key, ctrlKey, metaKey }) => key === "Enter" && (ctrlKey || metaKey),
    run: () => document.querySelector<HTMLElement>("button.primary")?.click(),
  },
  {
    keys: "Esc",
    does: "stops indexing",
    matches: ({ key }) => key === "Escape" && building.value !== undefined,
    run: stopIndexing,
  },
  {
    keys: "O",
    does: "goes to the results",
    single: true,
    matches: ({ key }) => key === "o",
    run: () => focusOn("#results"),
  },
];

/** Opens a new device; the model is reloaded, and the index sent to it. */
reopen.value = () => {
  const had = model.value.kind === "ready";
  model.value = { kind: "none" };
  searchable.value = false;
  client.start();
  const stop = effect(() => {
    const { kind } = device.value;
    if (kind === "opening") return;
    queueMicrotask(() => {
      stop();
      if (kind === "ready") void (had ? loadModel() : Promise.resolve(false)).then(handOver);
    });
  });
};

/** The tab's title shows what the page does, for readers in another tab. */
effect(() => {
  const now = building.value;
  const percent = now ? `${Math.floor((100 * now.done) / now.total)} % · ` : "";
  document.title = `${percent}Search · Shaderformer`;
});

await readAddress();
keepAddress();
client.start();
simulate();
followTexts();
followChoice();
await takeKept();
await new Promise((resolve) => setTimeout(resolve)); // the page is drawn in a separate task
render(<Page />, document.body);
followAddress(readAddress);

/** An index restored before the device is open is sent once it is. */
const stop = effect(() => {
  if (device.value.kind !== "ready") return;
  queueMicrotask(() => {
    stop();
    void handOver();
  });
});
