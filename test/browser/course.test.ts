// Every page of the course: its experiment runs, its claim holds, and it breaks no rule of axe at either width.
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Section } from "../../examples/14-course/experiment.ts";
import { type SectionId, sectionIds, sections } from "../../examples/14-course/sections.ts";
import { type BuiltSite, buildSite } from "./attention/attention-site.ts";
import { browsers, type DrivenBrowser } from "./driven.ts";
import { press, shown } from "./ways.ts";
import { lookAtWidths } from "./widths.ts";

describe.each(browsers)("the course in $name", ({ name, missing, start }) => {
  let site: BuiltSite;
  let browser: DrivenBrowser;
  beforeAll(async () => {
    if (missing) return;
    site = await buildSite();
    browser = await start();
  });
  afterAll(async () => {
    await browser?.close();
    await site?.close();
  });
  const at = (id: string, keys: Readonly<Record<string, string | number>> = {}) => {
    const fragment = Object.entries(keys).map(([key, value]) => `&${key}=${encodeURIComponent(value)}`);
    return `${site.front.replace("index.html", `course/${id}.html`)}#v=1${fragment.join("")}`;
  };
  const open = (id: SectionId, keys?: Readonly<Record<string, string | number>>) => browser.open(at(id, keys));

  // Firefox has those that do not train: a step takes several times as long on its adapter, which computes in one thread.
  const walked = sectionIds.filter((id) => name === "Chromium" || !("steps" in sections[id].settings));

  test.skipIf(missing).each(walked)("%s: runs, shows its claim, and fits both widths", async (id) => {
    const { title, quick = {} } = sections[id] as Section;
    const opened = await open(id, quick as Record<string, string | number>);
    await shown(opened.page, "#verdict", /✓ The claim holds for the recorded run/);
    await press(opened.page, "button", /^Run it here/);
    await shown(opened.page, "#verdict", /✓ The claim holds for this run/);
    await shown(opened.page, "#ran a", /\//); // a kernel that has just run
    const heading = new RegExp(`^${title.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`);
    await lookAtWidths(opened, {
      name: `course-${id}-${name}`,
      heading,
      themes: ["light", "dark"],
      byRules: name === "Chromium",
    });
    expect(opened.errors).toEqual([]);
    await opened.page.close();
  });

  test.skipIf(missing)("its first page leads to every section", async () => {
    const opened = await browser.open(at("index"));
    const links = await opened.page.evaluate(
      () => [...document.querySelectorAll<HTMLAnchorElement>(".contents a")].map(({ href }) => href.split("/").at(-1)),
      undefined,
    );
    expect(links).toEqual(sectionIds.map((id) => `${id}.html`));
    await lookAtWidths(opened, { name: `course-${name}`, heading: /./, themes: ["light", "dark"] });
    expect(opened.errors).toEqual([]);
    await opened.page.close();
  });

  test.skipIf(missing)(
    "loads at most 120 kB of script beyond the engine, which its worker has, and charts",
    async () => {
      const { page } = await open("word-vectors");
      await shown(page, "#verdict", /the recorded run/);
      await shown(page, "figure svg text", /./);
      const texts = await page.evaluate(async () => {
        const urls = performance.getEntriesByType("resource").map(({ name: url }) => url);
        const scripts = urls.filter((url) => url.endsWith(".js") && !/worker/.test(url));
        return Promise.all(scripts.map(async (url) => (await fetch(url)).text()));
      }, undefined);
      const [charts, own] = [true, false].map((is) => texts.filter((text) => text.includes("plot-d6a7b5") === is));
      expect(charts?.length).toBe(1); // Observable Plot
      const bytes = (own ?? []).reduce((sum, text) => sum + gzipSync(text).length, 0);
      expect(bytes).toBeGreaterThan(10_000);
      expect(bytes).toBeLessThanOrEqual(120_000);
      expect(texts.join("")).not.toMatch(/@compute/);
      await page.close();
    },
  );

  test.skipIf(missing)(
    "a wrong setting is named at its field, a word that is not there in a sentence; then it runs",
    async () => {
      const { page, errors } = await open("bag-of-words", { steps: 0, first: "the dog barked" });
      await shown(page, "[role=status]", /^The link says steps=0, which this page does not have\.$/);
      await press(page, "button", /^Run it here/);
      await shown(page, ".notice.error", /“barked” is not a word of this bag: .*Change the settings above/);
      await shown(page, "#verdict", /the recorded run/);
      await press(page, "button", /^Reset$/);
      await press(page, "button", /^Run it here/);
      await shown(page, "#verdict", /✓ The claim holds for this run/);
      expect(errors).toEqual([]);
      await page.close();
    },
  );

  test.skipIf(missing)("a run is stopped, and a lost device is opened again", async () => {
    const { page, errors } = await open("bag-of-words", { steps: 1000, sim: "lost" });
    await shown(page, ".notice.error", /lost/);
    await press(page, ".notice.error button", /^(Reopen|Try again|Open)/);
    await press(page, "button", /^Run it here/);
    await press(page, "button", /^Stop$/);
    await shown(page, "#verdict", /Stopped before its end|The claim/);
    expect(errors).toEqual([]);
    await page.close();
  });

  test.skipIf(missing)("without WebGPU the recorded run is there", async () => {
    const { page, errors } = await open("bag-of-words", { sim: "no-webgpu" });
    await shown(page, "#verdict", /✓ The claim holds for the recorded run/);
    await shown(page, "#why-not", /needs a GPU/);
    await shown(page, ".course-figures dt", /./);
    expect(errors).toEqual([]);
    await page.close();
  });
});
