import { effect } from "@preact/signals";
import { render } from "preact";
import { pageKeys } from "../shell/keys.ts";
import { followAddress } from "../shell/permalink.ts";
import { keepAddress, readAddress } from "./address.ts";
import { startGpu } from "./gpu/state.ts";
import { stepKeys } from "./keys.ts";
import { Page } from "./page.tsx";
import { followStudy } from "./session/session.ts";
import { simulate } from "./simulate.ts";
import { problem, report, threadFailure } from "./state.ts";

pageKeys.value = [
  ...stepKeys,
  {
    keys: "/",
    does: "goes to the search for kernels",
    single: true,
    matches: ({ key }) => key === "/",
    run: () => {
      const field = document.querySelector<HTMLElement>("#kernel-search");
      for (let box = field?.closest("details"); box; box = box.parentElement?.closest("details")) box.open = true;
      field?.focus();
    },
  },
];

/** Calls a function once the page shows its kernel, or why it does not: what it needs most comes first. */
function whenShown(run: () => void): void {
  const stop = effect(() => {
    if (!report.value && !problem.value && threadFailure.value === undefined) return;
    queueMicrotask(() => {
      stop();
      run();
    });
  });
}

await readAddress();
keepAddress();
followStudy();
simulate();
render(<Page />, document.body);
whenShown(startGpu);
followAddress(readAddress);
