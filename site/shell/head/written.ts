// What the HTML of all pages begins with, and the header of static ones, written when the site is built: plugins for Vite.
import { dirname } from "node:path";
import { relative } from "node:path/posix";
import type { Plugin } from "vite";
import { pages } from "./pages.ts";
import { policyOf } from "./policy.ts";

/** A page's first lines, by its path in the site, such as `/study/index.html`, and its title. */
const headHtml = (path: string, title: string | undefined): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<link rel="icon" href="data:," />
<meta http-equiv="Content-Security-Policy" content="${policyOf(path)}" />
<title>${[title, "Shaderformer"].filter(Boolean).join(" · ")}</title>
<link rel="stylesheet" href="${relative(dirname(path), "/shell/theme.css")}" />`;

/** Replaces `<!-- shell/head: TITLE -->`, on the front page `<!-- shell/head -->`, by a page's first lines. */
export const headWritten: Plugin = {
  name: "head-written",
  transformIndexHtml: {
    order: "pre",
    handler: (html, { path }) =>
      html.replace(/<!-- shell\/head(?:: (.+))? -->/, (_, title?: string) => headHtml(path, title)),
  },
};

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
