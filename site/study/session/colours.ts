import { colourOf, theme } from "../../shell/theme.ts";

let known: { readonly key: string; readonly colour: (property: string) => string } | undefined;

/** Colours of the current theme, each read once: pictures are drawn anew at every step. */
export function themeColours(): (property: string) => string {
  const key = `${theme.peek()} ${matchMedia("(prefers-color-scheme: dark)").matches}`;
  if (known?.key !== key) known = { key, colour: colourOf(document.body) };
  return known.colour;
}
