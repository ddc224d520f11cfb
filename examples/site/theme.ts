import { effect, signal } from "@preact/signals";

const key = "shaderformer-theme";
export type Theme = "auto" | "light" | "dark";
const themes: readonly Theme[] = ["auto", "light", "dark"];

function stored(): Theme {
  try {
    return themes.find((theme) => theme === localStorage.getItem(key)) ?? "auto";
  } catch {
    return "auto"; // storage may be forbidden
  }
}

/** The reader's choice of theme; "auto" follows the system. Kept between visits. */
export const theme = signal<Theme>(stored());

effect(() => {
  document.documentElement.dataset["theme"] = theme.value;
  try {
    localStorage.setItem(key, theme.value);
  } catch {
    // then it lasts as long as the page
  }
});

/** Goes from auto to light to dark and round again. */
export function nextTheme(): void {
  theme.value = themes[(themes.indexOf(theme.value) + 1) % themes.length] ?? "auto";
}
