import { nextTheme, theme } from "../theme.ts";

/** The button that changes the theme. */
export function ThemeButton() {
  return (
    <button type="button" onClick={nextTheme} aria-label={`Theme: ${theme.value}. Change it`}>
      {{ auto: "◐", light: "○", dark: "●" }[theme.value]}
      <span class="words"> {theme.value}</span>
    </button>
  );
}
