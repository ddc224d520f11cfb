import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { build } from "vite";
import { openChromium } from "../../bench/harness/chromium.ts";
import { serveSite } from "../../bench/harness/web-server.ts";

/** The site as published: built, and served from a subpath. */
export interface BuiltSite {
  readonly folder: string;
  readonly origin: string;
  /** Address of the attention laboratory with a set-up. */
  readonly address: (setup?: string) => string;
  close(): Promise<void>;
}

/** The site, open in Chromium. */
export interface OpenSite extends BuiltSite {
  readonly browser: Browser;
}

/** Builds the site and serves it. */
export async function buildSite(): Promise<BuiltSite> {
  const folder = await mkdtemp(join(tmpdir(), "shaderformer-site-"));
  await build({ logLevel: "error", build: { outDir: folder } });
  const server = await serveSite({ texts: {}, folders: { "/some/path/": folder } });
  return {
    ...{ folder, origin: server.origin },
    address: (setup = "") => `${server.origin}/some/path/attention/index.html${setup === "" ? "" : `#v=1&${setup}`}`,
    close: async () => {
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Builds the site and opens Chromium. */
export async function openSite(): Promise<OpenSite> {
  const site = await buildSite();
  const browser = await openChromium();
  return {
    ...site,
    browser,
    close: async () => {
      await browser.close();
      await site.close();
    },
  };
}

/** Rules of WCAG that a page, or the parts of it named, break now, with the elements; or only the rules named. */
export async function violations(
  page: Page,
  parts: readonly string[] = [],
  rules: readonly string[] = [],
): Promise<string[]> {
  if (!(await page.evaluate(() => "axe" in globalThis)))
    await page.addScriptTag({ content: await readFile("node_modules/axe-core/axe.min.js", "utf8") });
  return await page.evaluate(
    async ([include, runOnly]) => {
      const { axe } = globalThis as unknown as {
        axe: {
          run(context: unknown, options: unknown): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>;
        };
      };
      const context = include.length > 0 ? { include: include.map((part) => [part]) } : document;
      const found = (await axe.run(context, runOnly.length > 0 ? { runOnly } : {})).violations;
      return found.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
    },
    [parts, rules] as const,
  );
}

/** A picture of the page as it is seen, for people to look at; not committed. */
export async function screenshot(page: Page, name: string): Promise<void> {
  await mkdir(".cache/screenshots", { recursive: true });
  await page.screenshot({ path: `.cache/screenshots/${name}.png` });
}
