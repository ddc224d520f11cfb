import { computed } from "@preact/signals";
import { device } from "../shell/device/device.ts";
import { adapterTroubles, deviceTroubles } from "../shell/device/troubles.ts";
import { sentence, words } from "../shell/trouble/sentence.ts";
import type { Trouble } from "../shell/trouble/trouble.ts";
import { start } from "./run/actions.ts";
import { failure } from "./state.ts";

/** What to do about a failure: the first of these whose words it contains. */
const todos: readonly (readonly [key: string, pattern: RegExp, todo: string])[] = [
  [
    "setting",
    /is not a word|expected|choose|has no|too (short|long|few)/,
    "Change the settings above and run it again.",
  ],
  ["out-of-memory", /out of memory|could not be allocated/i, "Close other pages that use the GPU, then run it again."],
  ["fetch", /fetch|network|404/i, "The model could not be loaded: check the connection, then run it again."],
];

function troubleOf(error: unknown): Trouble {
  const text = words(error);
  const [key = "run-failed", , todo = "Run it again, or reset the settings."] =
    todos.find(([, pattern]) => pattern.test(text)) ?? [];
  return {
    key,
    level: "error",
    says: sentence(text),
    todo,
    action: { name: "Run again", run: () => void start() },
    detail: text,
  };
}

/** What the reader must know now, errors first. */
export const troubles = computed<readonly Trouble[]>(() => {
  const state = device.value;
  const failed = failure.value !== undefined && state.kind === "ready" ? [troubleOf(failure.value)] : [];
  return [...deviceTroubles(state), ...failed, ...(state.kind === "ready" ? adapterTroubles(state.facts) : [])];
});
