import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Locator, Page } from "playwright-core";
import { build } from "vite";
import { inject } from "vitest";
import { serveSite } from "../../../bench/harness/web-server.ts";
import type { DrivenPage } from "../driven.ts";
import { closePages, sharedChromium } from "../shared.ts";
import { digestOfSources } from "../sources.ts";

/** The site as published: built, and served from a subpath. */
export interface BuiltSite {
  /** The folder that it is in. */
  readonly folder: string;
  /** A folder for a test's files; it is removed when the site is closed. */
  readonly scratch: string;
  readonly origin: string;
  /** Addresses of the front page and of the peers page. */
  readonly front: string;
  readonly peers: string;
  /** Address of the attention laboratory with a set-up. */
  readonly address: (setup?: string) => string;
  /** Address of the page that generates, with settings. */
  readonly generate: (settings?: string) => string;
  /** Address of the search page, with settings. */
  readonly search: (settings?: string) => string;
  /** Address of the page that translates, with settings. */
  readonly translate: (settings?: string) => string;
  /** Address of the page that trains, with settings. */
  readonly train: (settings?: string) => string;
  close(): Promise<void>;
}

/** The site, open in Chromium. */
export interface OpenSite extends BuiltSite {
  readonly browser: Browser;
}

let built: string | undefined;

/** The folder of the built site, as in a clone that has never measured the peers, which is built unless it is there. */
async function builtSite(): Promise<string> {
  const parent = inject("siteFolder");
  if (built?.startsWith(parent) && existsSync(built)) return built;
  const digest = digestOfSources();
  built = join(parent, digest);
  if (existsSync(built)) return built;
  const withoutPeers = { publicDir: false, define: { PEERS_ARE_HERE: false } } as const;
  const unfinished = join(parent, `of-${process.pid}`); // another kind of test file may build it now
  await build({ ...withoutPeers, logLevel: "error", build: { outDir: unfinished } });
  // Of sources that were edited meanwhile no other process uses it.
  if (digestOfSources() !== digest) built = unfinished;
  else await rename(unfinished, built).catch(() => rm(unfinished, { recursive: true }));
  return built;
}

/** Builds the site, unless it was built before, and serves it. */
export async function buildSite(): Promise<BuiltSite> {
  const folder = await builtSite();
  const scratch = await mkdtemp(join(tmpdir(), "shaderformer-scratch-"));
  const server = await serveSite({ texts: {}, folders: { "/some/path/": folder } });
  const root = `${server.origin}/some/path`;
  return {
    folder,
    scratch,
    origin: server.origin,
    front: `${root}/index.html`,
    peers: `${root}/peers/index.html`,
    address: (setup = "") => `${root}/attention/index.html${setup === "" ? "" : `#v=1&${setup}`}`,
    generate: (settings = "") => `${root}/generate/index.html${settings === "" ? "" : `#${settings}`}`,
    search: (settings = "") => `${root}/search/index.html${settings === "" ? "" : `#${settings}`}`,
    translate: (settings = "") => `${root}/translate/index.html${settings === "" ? "" : `#${settings}`}`,
    train: (settings = "") => `${root}/train/index.html${settings === "" ? "" : `#${settings}`}`,
    close: async () => {
      await server.close();
      await rm(scratch, { recursive: true, force: true });
    },
  };
}

/** Builds the site and opens Chromium: that of all files, or another. */
export async function openSite(
  open = sharedChromium,
  done: (browser: Browser) => Promise<void> = closePages,
): Promise<OpenSite> {
  const site = await buildSite();
  const browser = await open();
  return {
    ...site,
    browser,
    close: async () => {
      await done(browser);
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
    await page.evaluate(await readFile("node_modules/axe-core/axe.min.js", "utf8")); // pages let no script stand in them
  return await page.evaluate(
    async ([include, runOnly]) => {
      const { axe } = globalThis as unknown as {
        axe: {
          run(context: unknown, options: unknown): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>;
        };
      };
      const context = include.length > 0 ? { include: include.map((part) => [part]) } : document;
      // Without this axe also describes all that breaks no rule, which takes longer than testing it.
      const options = { resultTypes: ["violations"], ...(runOnly.length > 0 ? { runOnly } : {}) };
      const found = (await axe.run(context, options)).violations;
      return found.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
    },
    [parts, rules] as const,
  );
}

/** A picture of the page as it is seen, for people to look at, where they ask for pictures; not committed. */
export async function screenshot(page: Pick<DrivenPage, "screenshot">, name: string): Promise<void> {
  if (!process.env["SHADERFORMER_SCREENSHOTS"]) return;
  await mkdir(".cache/screenshots", { recursive: true });
  await page.screenshot({ path: `.cache/screenshots/${name}.png` });
}

/** Presses Tab, and says whether what has the focus now shows it. */
export async function tabShowsFocus(page: Page): Promise<boolean> {
  await page.keyboard.press("Tab");
  return page.evaluate(() => {
    const focused = document.activeElement;
    return focused?.matches(":focus-visible") === true && getComputedStyle(focused).outlineStyle === "solid";
  });
}

/** How many colours a canvas shows. */
export const coloursOf = (canvas: Locator): Promise<number> =>
  canvas.evaluate((drawn: HTMLCanvasElement) => {
    const pixels = drawn.getContext("2d")?.getImageData(0, 0, drawn.width, drawn.height).data ?? [];
    return new Set(new Uint32Array(Uint8Array.from(pixels).buffer)).size;
  });
