// One Chromium and one Firefox for all files of a process: each starts when a file first asks for it, and is
// closed after the last. A file opens pages in contexts of its own and closes those.
import type { Browser as Chromium } from "playwright-core";
import type { Browser as Firefox } from "puppeteer-core";
import { openChromium } from "../../bench/harness/chromium.ts";
import { openFirefox } from "../../bench/harness/firefox.ts";
import { atEnd } from "../support/devices/at-end.ts";
import { onLavapipe } from "../support/devices/lavapipe.ts";

/** Starts a browser, unless it runs. */
function once<B extends { close(): Promise<unknown> }>(start: () => Promise<B>, runs: (browser: B) => boolean) {
  let browser: B | undefined;
  return async (): Promise<B> => {
    if (browser && runs(browser)) return browser;
    const started = await start();
    atEnd().add(() => started.close());
    browser = started;
    return started;
  };
}

/** The Chromium of this process. A test that ends processes of it, or needs other options, opens one of its own. */
export const sharedChromium: () => Promise<Chromium> = once(openChromium, (browser) => browser.isConnected());

/** The Firefox of this process. */
export const sharedFirefox: () => Promise<Firefox> = once(
  () => openFirefox(onLavapipe()),
  (browser) => browser.connected,
);

/** Closes the pages that a file has opened in the shared Chromium. */
export async function closePages(browser: Chromium | undefined): Promise<void> {
  for (const context of browser?.contexts() ?? []) await context.close();
}
