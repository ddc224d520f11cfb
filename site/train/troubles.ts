import { computed } from "@preact/signals";
import { device, reopen } from "../shell/device/device.ts";
import { adapterTroubles, deviceTroubles } from "../shell/device/troubles.ts";
import { clause, sentence, words } from "../shell/trouble/sentence.ts";
import type { Trouble } from "../shell/trouble/trouble.ts";
import { reset, train } from "./run/actions.ts";
import { ended, type Failure, failure, kept } from "./state.ts";

/** The kind of a failure: the first of these whose words it contains. */
const kinds: readonly (readonly [key: string, pattern: RegExp, todo: string])[] = [
  ["too-short", / has \d+ (bytes|tokens), expected/, "Paste a longer text, or use a shorter context."],
  ["no-voices", /parts between lines/, "Put such a line between two voices, or clear the field to use ours."],
  [
    "other-tab",
    /another tab/,
    "Pause and close it there, or choose another task here: both would write the same file.",
  ],
  [
    "out-of-memory",
    /out of memory|could not be allocated|allocation|exceeds/i,
    "Use a smaller batch or a smaller model, or close other pages that use the GPU.",
  ],
  ["kept-wrong", /the kept run|checkpoint/, "Reset deletes it; then train again."],
];

const again: Readonly<Partial<Record<Failure["during"], { readonly name: string; readonly run: () => void }>>> = {
  open: { name: "Try again", run: () => train() },
  run: { name: "Go on from the last save", run: () => train() },
  kept: { name: "Delete the kept run", run: () => void reset() },
};

function troubleOf({ during, error }: Failure): Trouble {
  const text = words(error);
  const [key = `${during}-failed`, , todo] = kinds.find(([, pattern]) => pattern.test(text)) ?? [];
  const action = again[during];
  return {
    key,
    level: "error",
    says: sentence(text),
    todo: todo ?? "Try again; the last save of the run is still there.",
    ...(action ? { action } : {}),
    detail: `${error instanceof Error ? error.name : ""}: ${text}`,
  };
}

/** A diverged loss. */
const divergence = (says: string): Trouble => ({
  key: "diverged",
  level: "error",
  says: `${says} The run went back to step ${kept.value?.step ?? 0}, the last one that was kept.`,
  todo: "Use a smaller learning rate, a longer warm-up or a smaller largest norm, and resume.",
});

/** What the reader must know now, errors first. */
export const troubles = computed<readonly Trouble[]>(() => {
  const state = device.value;
  const lost = state.kind === "lost" || state.kind === "missing";
  const failed = failure.value && !lost ? [troubleOf(failure.value)] : [];
  const diverged = ended.value?.reason === "diverged" ? [divergence(ended.value.says ?? "The loss diverged.")] : [];
  const unkept = kept.value?.why === undefined ? [] : [notKept(kept.value.why)];
  const adapter = state.kind === "ready" ? adapterTroubles(state.facts).map(usable) : [];
  return [...deviceTroubles(state).map(here), ...failed, ...diverged, ...unkept, ...adapter];
});

const notKept = (why: string): Trouble => ({
  key: "not-kept",
  level: "warning",
  says: `The browser does not keep the run: ${clause(why)}.`,
  todo: "Training continues, and the run is lost when this tab is closed: export the model before that.",
});

/** What to do about a device, on this page. */
const here = (trouble: Trouble): Trouble =>
  trouble.key === "lost"
    ? { ...trouble, todo: "Reopen the device: the run continues from its last save." }
    : trouble.key === "lost-again"
      ? { ...trouble, todo: "Use a smaller batch or model, and close other pages that use the GPU." }
      : trouble;

/** A device that computes wrongly may be used, at the reader's risk. */
const usable = (trouble: Trouble): Trouble =>
  trouble.level === "error"
    ? {
        ...trouble,
        todo: "Update browser and driver. You may still train, but what is learnt here may be wrong.",
        action: { name: "Test again", run: () => reopen.value() },
      }
    : trouble;
