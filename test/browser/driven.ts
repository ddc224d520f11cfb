// Browsers that the same test drives: Chromium by Playwright, Firefox by Puppeteer.
import type { Page } from "puppeteer-core";
import { test } from "vitest";
import { noChromium } from "../../bench/harness/chromium.ts";
import { noFirefox } from "../../bench/harness/firefox.ts";
import { until } from "../support/until.ts";
import { sharedChromium, sharedFirefox } from "./shared.ts";

/** What the pages of both have in common. */
export interface DrivenPage {
  goto(url: string): Promise<unknown>;
  evaluate<A, R>(run: (given: A) => R | Promise<R>, given: A): Promise<R>;
  click(selector: string): Promise<void>;
  readonly keyboard: {
    type(text: string, options: { delay: number }): Promise<void>;
    press(key: string): Promise<void>;
    down(key: string): Promise<void>;
    up(key: string): Promise<void>;
  };
  screenshot(options: { path: `${string}.png` }): Promise<unknown>;
  close(): Promise<void>;
}

/** A page, and its uncaught errors. */
export interface OpenedPage {
  readonly page: DrivenPage;
  readonly errors: readonly string[];
  resize(width: number, height: number): Promise<void>;
}

/** A context of a browser that is running: its pages share nothing with those of other files. */
export interface DrivenBrowser {
  /** Opens a page. `first` runs in it before its own scripts, at each address that it goes to. */
  open(url: string, first?: () => void): Promise<OpenedPage>;
  /** Closes the context and its pages. */
  close(): Promise<void>;
}

/** A browser that may be installed. */
export interface InstalledBrowser {
  readonly name: string;
  /** Why there is none. */
  readonly missing: string | undefined;
  start(): Promise<DrivenBrowser>;
}

/** What either program's context does the same way. */
interface Context<P> {
  newPage(): Promise<P>;
  close(): Promise<void>;
}

/** What either program's page does the same way, apart from types that are wider than ours. */
interface Listening {
  on(event: "pageerror", listener: (error: unknown) => void): unknown;
  goto(url: string): Promise<unknown>;
}

/** What each program's page does its own way. */
interface Own<P> {
  /** What the program's own page lacks. */
  page?(page: P): Partial<DrivenPage>;
  resize(page: P, size: { width: number; height: number }): Promise<void>;
  runFirst(page: P, run: () => void): Promise<unknown>;
}

function driven<P extends Listening>(context: Context<P>, { resize, runFirst, page: own }: Own<P>): DrivenBrowser {
  return {
    open: async (url, first) => {
      const page = await context.newPage();
      Object.assign(page, own?.(page));
      if (first) await runFirst(page, first);
      const errors: string[] = [];
      page.on("pageerror", (error) =>
        errors.push(error instanceof Error ? (error.stack ?? error.message) : String(error)),
      );
      await page.goto(url);
      return {
        page: page as unknown as DrivenPage,
        errors,
        resize: (width, height) => resize(page, { width, height }),
      };
    },
    close: () => context.close(),
  };
}

/** What browsers say of an evaluation whose page has gone to another address. */
export const left = /context was destroyed|cannot find context|actor .* destroyed|no such frame|discarded/i;

/**
 * In a page: keeps a press of the mouse from all but the wanted element, and remembers whether it met that. A page that
 * moves between the button's way down and its way up gives the click to an element around both.
 */
function guardPress(css: string): void {
  const keep = globalThis as { pressMissed?: boolean; endGuard?: () => void };
  keep.endGuard?.();
  keep.pressMissed = true;
  let isMet = false;
  const ended = new AbortController();
  keep.endGuard = () => ended.abort();
  const take = (event: Event) => {
    if (keep.pressMissed === false) return; // what a click leads to, such as that of a label's field
    if (event.type === "pointerdown" || event.type === "click") {
      isMet = document.querySelector(css)?.contains(event.target as Node) === true;
    }
    if (event.type === "click") keep.pressMissed = !isMet;
    if (isMet) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  for (const type of ["pointerdown", "mousedown", "pointerup", "mouseup", "click"]) {
    addEventListener(type, take, { capture: true, signal: ended.signal });
  }
}

/**
 * Playwright waits until an element stands still before it clicks, and repeats a click that met another, because the
 * page moved after the place was measured. Puppeteer's locators do the first; this does the second.
 */
async function clickUntilMet(page: Page, selector: string): Promise<void> {
  await until(`a click that meets ${selector}`, async () => {
    await page.evaluate(guardPress, selector);
    await page.locator(selector).setTimeout(120_000).click();
    const missed = () => {
      const { pressMissed, endGuard } = globalThis as { pressMissed?: boolean; endGuard?: () => void };
      endGuard?.();
      return pressMissed === true;
    };
    try {
      return !(await page.evaluate(missed));
    } catch (error) {
      if (!left.test(String(error))) throw error;
      return true; // what led to another page has met its element
    }
  });
}

/** The browsers that pages are tested in. */
export const browsers: readonly InstalledBrowser[] = [
  {
    name: "Chromium",
    missing: noChromium,
    start: async () =>
      driven(await (await sharedChromium()).newContext(), {
        resize: (page, size) => page.setViewportSize(size),
        runFirst: (page, run) => page.addInitScript(run),
      }),
  },
  {
    name: "Firefox",
    missing: noFirefox,
    start: async () =>
      driven(await (await sharedFirefox()).createBrowserContext(), {
        page: (page) => ({ click: (selector) => clickUntilMet(page, selector) }),
        resize: (page, size) => page.setViewport(size),
        runFirst: (page, run) => page.evaluateOnNewDocument(run),
      }),
  },
];

/**
 * A test of what is the page's own, which one browser shows: Chromium. Others run their main ways, keys, layout and
 * storage.
 */
export const ownIn = (name: string) => test.runIf(name === "Chromium");

/**
 * Rows of what does not depend on a browser, such as states that a page simulates: all of them in Chromium, one in
 * others.
 */
export const simulatedIn = <const Row>(name: string, rows: readonly Row[]): readonly Row[] =>
  name === "Chromium" ? rows : rows.slice(0, 1);
