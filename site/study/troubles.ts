import { computed } from "@preact/signals";
import { device } from "../shell/device/device.ts";
import { adapterTroubles, deviceTroubles } from "../shell/device/troubles.ts";
import { clause } from "../shell/trouble/sentence.ts";
import type { Trouble } from "../shell/trouble/trouble.ts";
import { restart } from "./session/session.ts";
import { threadFailure } from "./state.ts";

/** What the reader must know now, errors first. Without a GPU the page works: only times are missing. */
export const troubles = computed<readonly Trouble[]>(() => [...thread(), ...gpu()]);

function thread(): readonly Trouble[] {
  const failure = threadFailure.value;
  if (failure === undefined) return [];
  return [
    {
      key: "no-worker",
      level: "error",
      says: `The thread that runs kernels step by step failed: ${clause(failure, "the browser gives no reason")}.`,
      todo: "Start it again; if that changes nothing, an extension or a rule of the server forbids workers.",
      action: { name: "Start again", run: restart },
      detail: failure,
    },
  ];
}

function gpu(): readonly Trouble[] {
  const now = device.value;
  if (now.kind === "ready") return adapterTroubles(now.facts);
  if (now.kind === "lost") return deviceTroubles(now);
  return deviceTroubles(now).map((trouble) => ({
    ...trouble,
    level: "note",
    says: trouble.says.replace("Nothing can run here: ", "No times and no comparison with a GPU here: "),
    todo: `Everything else on this page works without. ${trouble.todo}`,
  }));
}
