import { computed } from "@preact/signals";
import { device } from "../shell/device/device.ts";
import { adapterTroubles, deviceTroubles } from "../shell/device/troubles.ts";
import { clause } from "../shell/trouble/sentence.ts";
import type { Trouble } from "../shell/trouble/trouble.ts";
import * as state from "./state.ts";

/** What the reader must know now, errors first. */
export const troubles = computed<readonly Trouble[]>(() => {
  const adapter = device.value.kind === "ready" ? adapterTroubles(device.value.facts) : [];
  return [...deviceTroubles(device.value), ...failed(), ...adapter];
});

/** Shown first if the site was built without the peers' code. */
export const noPeers: Trouble = {
  key: "no-peers",
  level: "warning",
  says: "This site was built without the other engines' code, so only Shaderformer can be measured here.",
  todo: "In a clone, “node dist/cli.js bench peers --serve” installs them (710 MB) and serves this page with them.",
};

function failed(): readonly Trouble[] {
  const message = state.problem.value;
  if (message === undefined) return [];
  return [
    {
      key: "failed",
      level: "error",
      says: `The run failed: ${clause(message)}.`,
      todo: "Change the set-up, or run again.",
      action: { name: "Run again", run: () => void state.run() },
      detail: message,
    },
  ];
}
