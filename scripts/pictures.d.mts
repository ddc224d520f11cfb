import type { Palette } from "./pictures/svg.mjs";
/** Pictures drawn from the sources, by name. */
export const drawings: Readonly<Record<string, (palette: Palette) => string | Promise<string>>>;
/** The path of a picture in a theme, within docs/pictures. */
export const pathOf: (name: string, theme: string) => string;
