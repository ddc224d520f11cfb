// Browsers that the same test drives: Chromium by Playwright, Firefox by Puppeteer.
import { noChromium, openChromium } from "../../bench/harness/chromium.ts";
import { noFirefox, openFirefox } from "./firefox.ts";

/** What the pages of both have in common. */
export interface DrivenPage {
  goto(url: string): Promise<unknown>;
  evaluate<A, R>(run: (given: A) => R | Promise<R>, given: A): Promise<R>;
  click(selector: string): Promise<void>;
  close(): Promise<void>;
}

/** A page, and its uncaught errors. */
export interface OpenedPage {
  readonly page: DrivenPage;
  readonly errors: readonly string[];
}

/** A browser that is running. */
export interface DrivenBrowser {
  open(url: string): Promise<OpenedPage>;
  close(): Promise<void>;
}

/** A browser that may be installed. */
export interface InstalledBrowser {
  readonly name: string;
  /** Why there is none. */
  readonly missing: string | undefined;
  start(): Promise<DrivenBrowser>;
}

/** What either program's browser does the same way. */
interface Startable<P> {
  newPage(): Promise<P>;
  close(): Promise<void>;
}

/** What either program's page does the same way, apart from types that are wider than ours. */
interface Listening {
  on(event: "pageerror", listener: (error: unknown) => void): unknown;
  goto(url: string): Promise<unknown>;
}

function driven<P extends Listening>(browser: Startable<P>): DrivenBrowser {
  return {
    open: async (url) => {
      const page = await browser.newPage();
      const errors: string[] = [];
      page.on("pageerror", (error) =>
        errors.push(error instanceof Error ? (error.stack ?? error.message) : String(error)),
      );
      await page.goto(url);
      return { page: page as unknown as DrivenPage, errors };
    },
    close: () => browser.close(),
  };
}

/** The browsers that pages are tested in. */
export const browsers: readonly InstalledBrowser[] = [
  { name: "Chromium", missing: noChromium, start: async () => driven(await openChromium()) },
  { name: "Firefox", missing: noFirefox, start: async () => driven(await openFirefox()) },
];
