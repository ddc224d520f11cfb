// The course's pages as HTML, written when the site is built from docs/course.md: a plugin for Vite.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";
import { type SectionId, sectionIds, sections } from "../../examples/14-course/sections.ts";
import { anchorOf, markdownHtml } from "../shell/head/markdown.ts";

const here = fileURLToPath(new URL(".", import.meta.url));

/** The course's text. */
export const courseText = (): string => readFileSync(join(here, "../../docs/course.md"), "utf8");

/** The text under each heading of the second level, by heading; what comes before the first one under "". */
export function partsOf(text: string): ReadonlyMap<string, string> {
  const [before = "", ...parts] = text.split(/^## /m);
  return new Map([
    ["", before.replace(/^# .*\n/, "")],
    ...parts.map((part) => [part.slice(0, part.indexOf("\n")), part.slice(part.indexOf("\n") + 1)] as const),
  ]);
}

/** The course's text without the pictures of its experiments, which its pages draw themselves. */
export const withoutDrawn = (text: string): string =>
  text.replace(/^<picture>\n.*pictures\/course-[\s\S]*?<\/picture>\n/gm, "");

/** Markdown of the course as HTML: links between sections lead to their pages. */
const htmlOf = (text: string): string =>
  markdownHtml(
    withoutDrawn(text).replace(/\]\(#([\w-]+)\)/g, (all, anchor: string) => {
      const to = sectionIds.find((id) => anchorOf(sections[id].title) === anchor);
      return to === undefined ? all : `](./${to}.html)`;
    }),
  );

const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");

/** The first sentence of a text, without its marks. */
const firstSentence = (text: string): string =>
  /[^.]*\./.exec(
    text
      .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .replace(/[*_`]/g, "")
      .replace(/\s+/g, " ")
      .trim(),
  )?.[0] ?? "";

/** The page of a section. */
export function sectionHtml(id: SectionId, text: string): string {
  const { title, claim } = sections[id];
  const part = partsOf(text).get(title);
  if (part === undefined) throw new Error(`docs/course.md has no section ${title}`);
  const [before = "", after] = part.split(/^> \*\*Claim\.\*\*.*\n(?:>.*\n)*/m);
  if (after === undefined) throw new Error(`docs/course.md: ${title} has no claim`);
  const at = sectionIds.indexOf(id);
  const link = (to: SectionId | undefined, words: string) =>
    to === undefined ? "" : `<a href="./${to}.html">${words}${sections[to].title}</a>`;
  const [previous, next] = [link(sectionIds[at - 1], "← "), link(sectionIds[at + 1], "Next: ")];
  return `<!-- shell/head: ${title} · Course -->
<meta name="description" content="${escaped(firstSentence(before))}" />
<link rel="stylesheet" href="../shell/model/panels.css" />
<link rel="stylesheet" href="../shell/tokens/tokens.css" />
<link rel="stylesheet" href="../shell/plots/plots.css" />
<link rel="stylesheet" href="../readme/readme.css" />
<link rel="stylesheet" href="./course.css" />
<script type="module" src="./main.tsx"></script>
<body data-section="${id}">
  <!-- shell/header: Course -->
  <main id="content" class="readme course" tabindex="-1">
    <nav class="row small" aria-label="Course">
      <a href="./index.html">The course</a> <span class="muted">${at + 1} of ${sectionIds.length}</span> ${previous}
    </nav>
    <h1>${title}</h1>
    ${htmlOf(before)}
    <section id="experiment" aria-label="Experiment">
      <p class="claim"><strong>Claim.</strong> ${escaped(claim)}</p>
      <noscript><p class="notice">The experiment runs on your GPU and needs JavaScript.</p></noscript>
    </section>
    ${htmlOf(after)}
    <p>${next}</p>
  </main>
  <footer class="bar small muted">MIT licence. Everything runs on this device; nothing is sent anywhere.</footer>
</body>
`;
}

/** The course's first page: what it is, its sections, and the time line. */
export function contentsHtml(text: string): string {
  const parts = partsOf(text);
  const items = sectionIds.map((id) => {
    const { title } = sections[id];
    const about = escaped(firstSentence(parts.get(title) ?? ""));
    return `<li><a href="./${id}.html">${title}</a> <span class="small muted">${about}</span></li>`;
  });
  return `${htmlOf(parts.get("") ?? "")}
      <ol class="contents">
        ${items.join("\n        ")}
      </ol>
      <h2>Time line</h2>
      ${htmlOf(parts.get("Time line") ?? "")}`;
}

/** The files of the course's pages, which exist only in a build. */
export const coursePages: readonly string[] = sectionIds.map((id) => join(here, `${id}.html`));

const idOf = (path: string): SectionId | undefined => sectionIds.find((id) => path.endsWith(`/course/${id}.html`));

/** Writes the pages of the sections, and `<!-- course -->`, the contents. */
export const courseWritten: Plugin = {
  name: "course-written",
  enforce: "pre",
  resolveId: (path) => (coursePages.includes(path) ? path : undefined),
  load: (path) => {
    const id = coursePages.includes(path) ? idOf(path.replaceAll("\\", "/")) : undefined;
    return id === undefined ? undefined : sectionHtml(id, courseText());
  },
  configureServer: (server) => {
    server.middlewares.use((request, response, next) => {
      const path = new URL(request.url ?? "/", "http://localhost").pathname;
      const id = idOf(path);
      if (id === undefined) return next();
      response.setHeader("content-type", "text/html");
      server.transformIndexHtml(path, sectionHtml(id, courseText())).then((html) => response.end(html), next);
    });
  },
  transformIndexHtml: {
    order: "pre",
    handler: (html) => html.replace("<!-- course -->", () => contentsHtml(courseText())),
  },
};
