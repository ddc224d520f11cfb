/** Colours of a picture. */
export interface Palette {
  readonly paper: string;
  readonly text: string;
  readonly muted: string;
  readonly line: string;
  readonly empty: string;
  readonly series: readonly string[];
}
/** The light and the dark palette of the site. */
export const palettes: Readonly<Record<"light" | "dark", Palette>>;
