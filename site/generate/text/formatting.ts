import { signal } from "@preact/signals";
import { keep, kept } from "../../shell/store.ts";
import { type Formatted, readMarkdown } from "./markdown.ts";

/** Whether replies are formatted; the reader's choice, kept between visits. */
export const formatting = signal(kept("formatting") !== "off");

/** Shows replies formatted, or as written. */
export function switchFormatting(): void {
  formatting.value = !formatting.value;
  keep("formatting", formatting.value ? undefined : "off");
}

/** A formatted reply; undefined if it has no formatting, or is shown as written. */
export const formatted = (text: string, grows: boolean): Formatted | undefined =>
  formatting.value ? readMarkdown(text, grows) : undefined;
