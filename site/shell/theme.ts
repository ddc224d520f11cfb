import { effect, signal } from "@preact/signals";
import { keep, kept } from "./store.ts";

export type Theme = "auto" | "light" | "dark";
const themes: readonly Theme[] = ["auto", "light", "dark"];

/** The reader's choice of theme; "auto" follows the system. Stored between visits. */
export const theme = signal<Theme>(themes.find((name) => name === kept("theme")) ?? "auto");

effect(() => {
  document.documentElement.dataset["theme"] = theme.value;
  keep("theme", theme.value);
});

/** Cycles from auto to light to dark. */
export function nextTheme(): void {
  theme.value = themes[(themes.indexOf(theme.value) + 1) % themes.length] ?? "auto";
}

/** The current colour of a custom property for an element, for canvases and drawings. */
export function colourOf(element: Element): (property: string) => string {
  const known = new Map<string, string>();
  return (property) => {
    const found = known.get(property);
    if (found !== undefined) return found;
    // light-dark() is resolved where a colour is used, not where it is defined.
    const probe = document.createElement("span");
    probe.style.cssText = `color: var(${property}); forced-color-adjust: none`; // pictures keep their colours
    element.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    known.set(property, color);
    return color;
  };
}
