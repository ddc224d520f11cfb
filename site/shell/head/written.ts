// The header of static pages, generated when the site is built: a plugin for Vite.
import type { Plugin } from "vite";
import { pages } from "./pages.ts";

/** The header of the page with this name; without a name, of the front page in the site's root. */
export function headerHtml(page: string | undefined): string {
  const root = page === undefined ? "./" : "../";
  const current = (name: string | undefined) => (name === page ? ' aria-current="page"' : "");
  const links = pages.map(([folder, name]) => `<a href="${root}${folder}/index.html"${current(name)}>${name}</a>`);
  return `<a class="skip" href="#content">Skip to the content</a>
    <header class="bar">
      <a class="name" href="${root}index.html"${current(undefined)}>Shaderformer</a>
      <nav aria-label="Pages">${links.join("\n        ")}</nav>
      <span class="space"></span>
      <span id="theme"></span>
    </header>
    <script type="module" src="${root}shell/head/theme-only.tsx"></script>`;
}

/** Replaces `<!-- shell/header: NAME -->`, on the front page `<!-- shell/header -->`, by the header. */
export const headerWritten: Plugin = {
  name: "header-written",
  transformIndexHtml: {
    order: "pre",
    handler: (html) => html.replace(/<!-- shell\/header(?:: (\S+))? -->/, (_, name?: string) => headerHtml(name)),
  },
};
