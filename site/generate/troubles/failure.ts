import { computed } from "@preact/signals";
import { sentence, words } from "../../shell/trouble/sentence.ts";
import type { Trouble } from "../../shell/trouble/trouble.ts";
import { load, restartEngine, startLoading } from "../model/load.ts";
import { cacheFormat, choice, context } from "../state.ts";
import { latest, regenerate } from "../text/state.ts";
import { type During, kindOf } from "./kinds.ts";

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : "");

/** A failure, as shown on the page. */
export function troubleOf(error: unknown, during: During): Trouble {
  const text = words(error);
  const { key, todo } = kindOf(text, during, choice.value.kind === "files");
  return {
    key: key ?? `${during}-failed`,
    level: "error",
    says: sentence(text),
    todo,
    action: actionOf(key, during),
    detail: `${nameOf(error)}: ${text}`,
  };
}

function actionOf(key: string | undefined, during: During): Trouble["action"] {
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

/** The failure of the page's last action: a load, or a text. */
export const failure = computed<Trouble | undefined>(() => {
  if (load.value.kind === "failed") return troubleOf(load.value.error, "load");
  const reply = latest.value;
  return reply?.state === "failed" ? troubleOf(reply.error, "generate") : undefined;
});
