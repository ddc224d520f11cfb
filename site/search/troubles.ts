import { computed } from "@preact/signals";
import { device, reopen } from "../shell/device/device.ts";
import { adapterTroubles, deviceTroubles } from "../shell/device/troubles.ts";
import { type FailureKind, ofModel } from "../shell/model/troubles.ts";
import { sentence, words } from "../shell/trouble/sentence.ts";
import type { Trouble } from "../shell/trouble/trouble.ts";
import { goOn, loadForIndex, makeIndex } from "./index/make.ts";
import { loadModel } from "./model/load.ts";
import { choice, type Failure, failure, index, plan } from "./state.ts";

const noEncoder: FailureKind = [
  "no-encoder",
  /model_type|encoder/i,
  "Choose a sentence encoder, as sentence-transformers/all-MiniLM-L6-v2; language models run on the page Generate.",
];

const standard: Readonly<Record<Failure["during"], string>> = {
  texts: "Choose other files; the previous texts stay.",
  plan: "Check the model's name, or choose another.",
  load: "Choose another model, or try again.",
  index: "The index so far stays; try again, or index the texts again.",
  search: "Try again, or reload the model.",
  keep: "The page works without it; index the texts again, or export the index to keep it.",
  import: "Choose a file that this page exported. Nothing was imported.",
};

/** The kind of a model's failure. */
const kinds = () =>
  ofModel({ other: noEncoder, what: "an encoder", less: "fewer texts", ofFiles: choice.value.kind === "files" });

function troubleOf({ during, error }: Failure): Trouble {
  const text = words(error);
  const aboutModel = during === "plan" || during === "load";
  const [key, , todo] = (aboutModel ? kinds().find(([, pattern]) => pattern.test(text)) : undefined) ?? [];
  const again: Readonly<Partial<Record<Failure["during"], () => void>>> = {
    load: () => void (index.value ? loadForIndex() : loadModel()),
    index: () => void (index.value?.rest.length ? goOn() : makeIndex()),
  };
  const run = again[during];
  return {
    key: key ?? `${during}-failed`,
    level: "error",
    says: sentence(text),
    todo: todo ?? standard[during],
    ...(run ? { action: { name: "Try again", run } } : {}),
    detail: `${error instanceof Error ? error.name : ""}: ${text}`,
  };
}

/** What the reader must know now, errors first. */
export const troubles = computed<readonly Trouble[]>(() => {
  const state = device.value;
  const failed = failure.value ? [troubleOf(failure.value)] : [];
  const planned = plan.value.kind === "failed" ? [troubleOf({ during: "plan", error: plan.value.error })] : [];
  const adapter = state.kind === "ready" ? adapterTroubles(state.facts).map(usable) : [];
  return [...deviceTroubles(state).map(here), ...failed, ...planned, ...adapter];
});

/** What to do about a device, on this page. */
const here = (trouble: Trouble): Trouble =>
  trouble.key === "lost-again"
    ? { ...trouble, todo: "Use fewer texts or a smaller model, and close other pages that use the GPU." }
    : trouble;

/** A device that computes wrongly may be used, at the reader's risk. */
const usable = (trouble: Trouble): Trouble =>
  trouble.level === "error"
    ? {
        ...trouble,
        todo: "Update browser and driver. You may still index and search, but do not trust what is found here.",
        action: { name: "Test again", run: () => reopen.value() },
      }
    : trouble;
