// In Firefox, which looks every 100 ms whether the GPU has finished, results are read back as soon as they are there.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { noFirefox } from "../../../bench/harness/firefox.ts";
import { serveSite, type WebServer } from "../../../bench/harness/web-server.ts";
import { sharedFirefox } from "../shared.ts";
import { bundled, emptyPage } from "./bundled-page.ts";

let server: WebServer;
beforeAll(async () => {
  server = await serveSite({
    texts: { "/": emptyPage, "/page.js": await bundled("test/browser/engine/reports-page.ts") },
  });
});
afterAll(() => server?.close());

describe.skipIf(noFirefox)(`headless Firefox${noFirefox ? ` (${noFirefox})` : ""}`, () => {
  test("while each of ten results is awaited, empty submits make it look", async () => {
    const context = await (await sharedFirefox()).createBrowserContext();
    try {
      const page = await context.newPage();
      await page.goto(server.origin);
      const { looks, last } = await page.evaluate(() =>
        (globalThis as unknown as { readBacks(n: number): Promise<{ looks: number; last: number }> }).readBacks(10),
      );
      expect(last).toBe(11);
      expect(looks).toBeGreaterThanOrEqual(10);
    } finally {
      await context.close();
    }
  });
});
