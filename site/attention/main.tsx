import { render } from "preact";
import { device } from "../shell/device/device.ts";
import { pageKeys } from "../shell/keys.ts";
import { followAddress } from "../shell/permalink.ts";
import { Page } from "./page.tsx";
import { beginRuns, isBusy, start, stop } from "./run/run.ts";
import { simulate } from "./simulate.ts";
import { keepAddress, problems, readAddress } from "./state.ts";

pageKeys.value = [
  {
    keys: "/",
    does: "goes to the batches",
    single: true,
    matches: ({ key }) => key === "/",
    run: () => {
      const field = document.querySelector<HTMLElement>("#batches");
      field?.closest("details")?.setAttribute("open", "");
      field?.focus();
    },
  },
  {
    keys: "Ctrl or ⌘ + Enter",
    does: "runs the measurements",
    matches: ({ key, ctrlKey, metaKey }) => key === "Enter" && (ctrlKey || metaKey),
    run: () => {
      if (!isBusy() && problems.value.size === 0 && device.value.kind === "ready") void start();
    },
  },
  { keys: "Esc", does: "stops the run; closes a sheet", matches: ({ key }) => key === "Escape" && isBusy(), run: stop },
  { keys: "← ↑ → ↓", does: "move over the tiles of the mask, when its picture has the focus" },
  { keys: "Space", does: "paints or clears a tile, when tiles are painted; Shift and an arrow paint on" },
];

readAddress();
keepAddress();
followAddress(readAddress);
beginRuns();
simulate();
render(<Page />, document.body);
