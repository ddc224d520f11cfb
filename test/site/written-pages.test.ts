// What of the site's pages is HTML before any script runs, without a browser.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { spokenWords } from "../../site/front/live-state.ts";
import { picturesOf, readme } from "../../site/readme/written.ts";
import { addressOf, markdownHtml } from "../../site/shell/head/markdown.ts";
import { pages } from "../../site/shell/head/pages.ts";
import { headerHtml } from "../../site/shell/head/written.ts";

const folders = readdirSync("site").filter((name) => existsSync(`site/${name}/index.html`));
const html = (folder: string) => readFileSync(`site/${folder}index.html`, "utf8");

test("every page of the site is in the navigation, but the README, to which the front page links", () => {
  expect(folders.filter((name) => name !== "readme").sort()).toEqual(pages.map(([folder]) => folder).sort());
  expect(html("")).toContain('<a href="./readme/index.html">README</a>');
});

test("every page has the shell's header: written into its HTML, or drawn by its script", () => {
  for (const folder of ["", ...folders.map((name) => `${name}/`)]) {
    const drawn =
      existsSync(`site/${folder}page.tsx`) && /<Shell page=/.test(readFileSync(`site/${folder}page.tsx`, "utf8"));
    const written = /<!-- shell\/header(: \w+)? -->/.test(html(folder));
    expect({ folder, has: Number(drawn) + Number(written) }).toEqual({ folder, has: 1 });
  }
});

test("the written header links to every page from where it stands, says which one this is, and has a place for the theme", () => {
  const [front, study] = [headerHtml(undefined), headerHtml("Study")];
  for (const [folder, name] of pages) {
    expect(front).toContain(`<a href="./${folder}/index.html">${name}</a>`);
    expect(study).toContain(
      `<a href="../${folder}/index.html"${name === "Study" ? ' aria-current="page"' : ""}>${name}</a>`,
    );
  }
  for (const header of [front, study]) {
    expect(header.match(/aria-current/g)).toHaveLength(1);
    expect(header).toMatch(/id="theme"[\s\S]*theme-only\.tsx/);
  }
});

test("the README's page links to what the site has, and names what is in the repository alone", () => {
  expect(["#limits", "https://github.com/", "site/train", "docs/models.md"].map(addressOf)).toEqual([
    ...["#limits", "https://github.com/", "../train/index.html", undefined],
  ]);
  const text = readme();
  const page = markdownHtml(text);
  for (const [, anchor] of page.matchAll(/href="#([^"]*)"/g)) expect(page).toContain(`id="${anchor}"`);
  const shown = [...page.matchAll(/src(?:set)?="\.\.\/pictures\/([^"]*)"/g)].map(([, name]) => name);
  expect(new Set(shown)).toEqual(new Set(picturesOf(text)));
  for (const name of picturesOf(text)) expect(existsSync(`docs/pictures/${name}`)).toBe(true);
  expect(page).not.toMatch(/href="(?!#|https:|\.\.\/\w+\/index\.html)/);
});

test("the front page's spoken status is what the model does", () => {
  expect(spokenWords({ kind: "loading", says: "Loading 2 MB of 10 MB" })).toBe("Loading the model");
  expect(spokenWords({ kind: "writing" })).toBe("Writing");
  expect(spokenWords({ kind: "done", says: "Written on this" })).toBe("Written on this");
});
