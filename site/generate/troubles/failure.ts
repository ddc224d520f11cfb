import { computed } from "@preact/signals";
import { sentence, words } from "../../shell/trouble/sentence.ts";
import type { Trouble } from "../../shell/trouble/trouble.ts";
import { load, restartEngine, startLoading } from "../model/load.ts";
import { cacheFormat, context } from "../setup/state.ts";
import { latest, regenerate } from "../text/state.ts";

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : "");

/** What a failure is about: the first of these whose words it has. */
const kinds: readonly (readonly [key: string, pattern: RegExp, todo: string])[] = [
  [
    "out-of-memory",
    /out of memory|could not be allocated|OutOfMemory|allocation/i,
    "Take a shorter context or a smaller model, or close other pages that use the GPU; what was taken has been given back.",
  ],
  [
    "unauthorised",
    /\b401\b/,
    "The repository is private, needs a token, or its name is misspelt: check the name, or give an access token of the hub.",
  ],
  ["gated", /\b403\b/, "Accept the model's licence on its page at the hub, then give an access token of your account."],
  [
    "not-found",
    /\b404\b|no such file|there is no/i,
    "Check the name and the revision: the repository has to hold config.json and safetensors files.",
  ],
  ["busy", /\b429\b/, "The host asks to wait: try again in a few minutes."],
  [
    "storage-full",
    /quota|storage is full/i,
    "Delete models that the browser keeps (Storage, below), or go on: without storage the model is downloaded again next time.",
  ],
  [
    "two-tabs",
    /another tab|is being loaded elsewhere/i,
    "Wait until the other tab has loaded it, then try again: it will come from the browser's storage.",
  ],
  [
    "lost",
    /device was lost|lost the device|no adapter|device is gone/i,
    "Drivers do this now and then: restart the engine, and load the model again from the browser's storage. A reload of the page helps where that does not.",
  ],
  [
    "offline",
    /fetch|network|connection|ended early|timed? ?out/i,
    "Check the connection and try again: what was downloaded is kept, and the load goes on from there.",
  ],
  [
    "too-long",
    /context|longer than/i,
    "Shorten the text, begin a new conversation, or load the model with a longer context.",
  ],
];

/** A failure as the page says it. */
export function troubleOf(error: unknown, during: "load" | "generate" | "plan"): Trouble {
  const text = words(error);
  const [key, , todo] =
    kinds.find(([kind, pattern]) => pattern.test(text) && (kind !== "too-long" || during === "generate")) ?? [];
  const standard =
    during === "generate"
      ? "The text so far stays; change the settings, or try again."
      : "Choose another model, or try again.";
  return {
    key: key ?? `${during}-failed`,
    level: "error",
    says: sentence(text),
    todo: todo ?? standard,
    action: actionOf(key, during),
    detail: `${nameOf(error)}: ${text}`,
  };
}

function actionOf(key: string | undefined, during: "load" | "generate" | "plan"): Trouble["action"] {
  if (key === "lost") return { name: "Restart the engine", run: restartEngine };
  if (key === "out-of-memory" && during === "load")
    return {
      name: "Load with a shorter context",
      run: () => {
        context.value = Math.max(128, Math.floor((context.value ?? 2048) / 4));
        cacheFormat.value = "f16";
        void startLoading();
      },
    };
  if (during === "load") return { name: "Try again", run: () => void startLoading() };
  return during === "generate" ? { name: "Try again", run: regenerate } : undefined;
}

/** The failure of what the page did last: of a load, or of a text. */
export const failure = computed<Trouble | undefined>(() => {
  if (load.value.kind === "failed") return troubleOf(load.value.error, "load");
  const reply = latest.value;
  return reply?.state === "failed" ? troubleOf(reply.error, "generate") : undefined;
});
