import { signal } from "@preact/signals";
import { keep, kept } from "../../shell/store.ts";
import { type Formatted, readMarkdown } from "./markdown.ts";

/** Whether replies are shown with their formatting; the reader's choice, kept between visits. */
export const formatting = signal(kept("formatting") !== "off");

/** Shows replies with their formatting, or as they are written. */
export function switchFormatting(): void {
  formatting.value = !formatting.value;
  keep("formatting", formatting.value ? undefined : "off");
}

/** A reply with its formatting; undefined where it has none, or is to be shown as it is written. */
export const formatted = (text: string, grows: boolean): Formatted | undefined =>
  formatting.value ? readMarkdown(text, grows) : undefined;
