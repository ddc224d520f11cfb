import { effect } from "@preact/signals";
import { failure, passages, size, texts } from "../state.ts";
import { call, generation } from "../worker/client.ts";
import { passageSizes } from "./passages.ts";

/** Milliseconds after the last key before a text is split. */
const idle = 300;

/** Keeps the passages up to date with the texts: the worker splits them. */
export function followTexts(): void {
  effect(() => {
    void generation.value;
    const given = { texts: texts.value.texts, most: passageSizes[size.value] };
    const ended = new AbortController();
    passages.value = undefined;
    const timer = setTimeout(async () => {
      try {
        passages.value = await call("cut", given, { signal: ended.signal });
      } catch (error) {
        if (!ended.signal.aborted && error instanceof Error && error.name !== "AbortError")
          failure.value = { during: "texts", error };
      }
    }, idle);
    return () => {
      clearTimeout(timer);
      ended.abort();
    };
  });
}
