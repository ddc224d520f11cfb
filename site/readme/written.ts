// The README as HTML, generated when the site is built: a plugin for Vite.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";
import { markdownHtml } from "../shell/head/markdown.ts";

/** The pictures of the README, or of a file of docs/, by their names on the site. */
export const picturesOf = (text: string): readonly string[] => [
  ...new Set([...text.matchAll(/src(?:set)?="(?:docs\/)?pictures\/([^"]+)"/g)].map(([, name = ""]) => name)),
];

/** The README. */
export const readme = (): string => readFileSync(fileURLToPath(new URL("../../README.md", import.meta.url)), "utf8");

/** Replaces `<!-- readme -->` by the README. */
export const readmeWritten: Plugin = {
  name: "readme-written",
  transformIndexHtml: {
    order: "pre",
    handler: (html) => html.replace("<!-- readme -->", () => markdownHtml(readme())),
  },
};
