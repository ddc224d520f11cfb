import { noChromium, openChromium } from "../harness/chromium.ts";
import { noFirefox, openFirefox } from "../harness/firefox.ts";
import { lavapipeDriver } from "../harness/lavapipe.ts";
import { type AdapterName, chromiumOn } from "../peers/chromium.ts";

/** The methods that Playwright's and Puppeteer's pages have in common. */
export interface PageOfBrowser {
  goto(url: string): Promise<unknown>;
  evaluate<A, R>(run: (given: A) => R | Promise<R>, given: A): Promise<R>;
  focus(selector: string): Promise<unknown>;
  readonly keyboard: { press(key: string): Promise<void> };
}

/** A browser with one page. */
export interface OpenBrowser {
  readonly page: PageOfBrowser;
  readonly version: string;
  close(): Promise<void>;
}

/** A browser that may be installed. */
export interface Browser {
  readonly name: string;
  readonly missing: string | undefined;
  open(adapter: AdapterName, root: string): Promise<OpenBrowser>;
}

const [width, height] = [1280, 900];

/** The browsers in which the page is measured. */
export const browsers: readonly Browser[] = [
  {
    name: "Chromium",
    missing: noChromium,
    open: async (adapter, root) => {
      const browser = await openChromium(await chromiumOn(adapter, root));
      const page = await browser.newPage({ viewport: { width, height } });
      return {
        page: page as unknown as PageOfBrowser,
        version: `Chromium ${browser.version()}`,
        close: () => browser.close(),
      };
    },
  },
  {
    name: "Firefox",
    missing: noFirefox,
    open: async (adapter) => {
      const driver = lavapipeDriver();
      const browser = await openFirefox(adapter === "lavapipe" && driver ? { VK_DRIVER_FILES: driver } : {});
      const page = await browser.newPage();
      await page.setViewport({ width, height });
      return {
        page: page as unknown as PageOfBrowser,
        version: (await browser.version()).replace("/", " "),
        close: () => browser.close(),
      };
    },
  },
];
