import { computed } from "@preact/signals";
import { device, reopen } from "../shell/device/device.ts";
import { adapterTroubles, deviceTroubles } from "../shell/device/troubles.ts";
import { ofModel } from "../shell/model/troubles.ts";
import { sentence, words } from "../shell/trouble/sentence.ts";
import type { Trouble } from "../shell/trouble/trouble.ts";
import { loadModel } from "./model/load.ts";
import { choice, type Failure, failure, model, plan } from "./state.ts";
import { writeNow } from "./text/write.ts";

/** The kind of a failed writing: the first of these whose words it contains. */
const kinds: readonly (readonly [key: string, pattern: RegExp, todo: string])[] = [
  ["too-long", /tokens, the (encoder|decoder).* takes at most/, "Shorten the text, or translate it in parts."],
  ["empty", /is empty/, "Write a text with at least one word."],
  [
    "out-of-memory",
    /out of memory|could not be allocated|allocation/i,
    "Use fewer beams or a shorter text, or close other pages that use the GPU.",
  ],
];

const noEncoderDecoder: (typeof kinds)[number] = [
  "no-encoder-decoder",
  /model_type|encoder-decoder/i,
  "Choose the folder of an encoder-decoder, as google-t5/t5-small; language models run on the page Generate, encoders on the page Search.",
];

function troubleOf({ during, error }: Failure): Trouble {
  const text = words(error);
  const known =
    during === "write"
      ? kinds
      : ofModel({
          other: noEncoderDecoder,
          what: "an encoder-decoder",
          less: "a shorter text",
          ofFiles: choice.value.kind === "files",
        });
  const [key, , todo] = known.find(([, pattern]) => pattern.test(text)) ?? [];
  const again: Readonly<Partial<Record<Failure["during"], () => void>>> = {
    load: () => void loadModel(),
    write: () => void writeNow(),
  };
  const run = again[during];
  return {
    key: key ?? `${during}-failed`,
    level: "error",
    says: sentence(text.replace(/^generate: texts\[0\]/, "the text")),
    todo: todo ?? (during === "write" ? "Try again, or reload the model." : "Choose another model, or try again."),
    ...(run ? { action: { name: "Try again", run } } : {}),
    detail: `${error instanceof Error ? error.name : ""}: ${text}`,
  };
}

/** What the reader must know now, errors first. */
export const troubles = computed<readonly Trouble[]>(() => {
  const state = device.value;
  const lost = state.kind === "lost" || state.kind === "missing";
  const failed = failure.value && !lost ? [troubleOf(failure.value)] : [];
  const planned =
    plan.value.kind === "failed" && failed.length === 0 ? [troubleOf({ during: "plan", error: plan.value.error })] : [];
  const adapter = state.kind === "ready" ? adapterTroubles(state.facts).map(usable) : [];
  const loaded = model.value.kind === "ready" && model.value.facts.untrained ? [untrained(model.value.name)] : [];
  return [...deviceTroubles(state).map(here), ...failed, ...planned, ...loaded, ...adapter];
});

/** A model that was never trained, or whose weights are lost. */
const untrained = (name: string): Trouble => ({
  key: "untrained",
  level: "warning",
  says: `The weights of ${name} cannot be distinguished from random numbers: it was not trained, so its text and its attention are meaningless.`,
  todo: "Use it only as an example, or choose a trained model.",
});

/** What to do about a device, on this page. */
const here = (trouble: Trouble): Trouble =>
  trouble.key === "lost-again"
    ? { ...trouble, todo: "Use a smaller model or fewer beams, and close other pages that use the GPU." }
    : trouble;

/** A device that computes wrongly may be used, at the reader's risk. */
const usable = (trouble: Trouble): Trouble =>
  trouble.level === "error"
    ? {
        ...trouble,
        todo: "Update browser and driver. You may still translate, but do not trust what is written here.",
        action: { name: "Test again", run: () => reopen.value() },
      }
    : trouble;
