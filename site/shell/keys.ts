import { signal } from "@preact/signals";
import { keep, kept } from "./store.ts";

/** A key of the page, and its action; without `run` the focused element handles it. */
export interface PageKey {
  readonly keys: string;
  readonly does: string;
  /** True for a single-character key, which can be switched off (WCAG 2.1.4). */
  readonly single?: boolean;
  /** True for another key that does nothing while a field has the focus. */
  readonly outsideFields?: boolean;
  readonly matches?: (event: KeyboardEvent) => boolean;
  readonly run?: (event: KeyboardEvent) => void;
}

/** The keys of this page; the help lists them. */
export const pageKeys = signal<readonly PageKey[]>([]);

/** Whether single-character keys are on. Stored between visits. */
export const singleKeys = signal(kept("single-keys") !== "off");

export function switchSingleKeys(on: boolean): void {
  singleKeys.value = on;
  keep("single-keys", on ? undefined : "off");
}

const isField = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.isContentEditable);

addEventListener("keydown", (event) => {
  if (event.isComposing || event.keyCode === 229) return; // Safari ends a composition before the key
  for (const { single = false, outsideFields = false, matches, run } of pageKeys.value) {
    if (!run || !matches?.(event)) continue;
    if (single && (isField(event.target) || !singleKeys.value || event.ctrlKey || event.metaKey || event.altKey))
      return;
    if (outsideFields && isField(event.target)) return;
    if (document.querySelector("dialog[open]") && event.key === "Escape") return; // it closes the dialog
    event.preventDefault();
    run(event);
    return;
  }
});
