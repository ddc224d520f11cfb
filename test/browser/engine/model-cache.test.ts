// Models of a hub in the storage of a page's origin: Chromium and Firefox, the private file system and the Cache API.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { serveSite, type WebServer } from "../../../bench/harness/web-server.ts";
import { modelFiles } from "../../formats/hub/hub-loading.ts";
import { repository, sha256, startHub, type TestHub } from "../../formats/hub/hub-server.ts";
import { browsers, type DrivenBrowser, type DrivenPage } from "../driven.ts";
import { bundled, emptyPage } from "./bundled-page.ts";
import type { hubTasks, StoreKind } from "./hub-page.ts";

type Tasks = typeof hubTasks;

const files = modelFiles(1, 500_000);
const digest = sha256(files["model.safetensors"] ?? "");
const kinds: readonly StoreKind[] = ["opfs", "cache-api"];

let script: string;
beforeAll(async () => {
  script = await bundled("test/browser/engine/hub-page.ts");
});

describe.each(browsers)("models kept in $name", ({ missing, start }) => {
  if (missing) return test.skip(missing);
  let browser: DrivenBrowser;
  let site: WebServer;
  let hub: TestHub;
  let page: DrivenPage;
  let errors: readonly string[];

  beforeAll(async () => {
    hub = await startHub(files);
    site = await serveSite({ texts: { "/": emptyPage, "/page.js": script } });
    browser = await start();
    ({ page, errors } = await browser.open(site.origin));
  });
  afterAll(async () => {
    await browser?.close();
    await site?.close();
    await hub?.close();
  });
  beforeEach(() => {
    hub.misbehave = undefined;
    hub.seen.length = 0;
  });

  const run = <K extends keyof Tasks>(where: DrivenPage, name: K, ...given: Parameters<Tasks[K]>) =>
    where.evaluate(([task, values]) => Reflect.get(globalThis, "hubTasks")[task](...values), [
      name,
      given,
    ] as const) as Promise<Awaited<ReturnType<Tasks[K]>>>;
  const load = (where: DrivenPage, kind: StoreKind) => run(where, "load", hub.endpoint, repository, kind);
  const whole = { sha256: digest, config: files["config.json"], warnings: [], monotone: true };
  const downloads = () =>
    hub.seen.filter(({ kind, method }) => kind === "cdn" && method === "GET").map(({ range }) => range);

  describe.each(kinds)("%s", (kind) => {
    test("is loaded, and loaded again after the page was, without a network", async () => {
      await run(page, "deleteAll", kind);
      expect(await load(page, kind)).toEqual(whole);
      expect(downloads()).toEqual(["bytes=0-"]);
      const { models, estimate } = await run(page, "list", kind);
      expect(models).toMatchObject([{ name: repository, complete: true }]);
      expect(estimate.quota).toBeGreaterThan(estimate.used);
      await page.goto(site.origin);
      await hub.stop();
      expect(await load(page, kind)).toEqual(whole);
      await hub.start();
    });

    test.each([false, true])("a damaged segment is found and fetched again (cut: %s)", async (cut) => {
      await run(page, "damage", kind, cut);
      expect(await load(page, kind)).toEqual(whole);
      expect(downloads()).toEqual([`bytes=${64 << 10}-${(128 << 10) - 1}`]);
    });

    test("two tabs at once download it once", async () => {
      await run(page, "deleteAll", kind);
      const other = await browser.open(site.origin);
      expect(await Promise.all([load(page, kind), load(other.page, kind)])).toEqual([whole, whole]);
      expect(downloads()).toEqual(["bytes=0-"]);
      await other.page.close();
    });

    test("the download of a tab that is closed goes on in the next one", async () => {
      await run(page, "deleteAll", kind);
      const other = await browser.open(site.origin);
      hub.misbehave = ({ kind: which, range }, content, response) => {
        if (which !== "cdn" || range !== "bytes=0-") return undefined;
        const headers = { "access-control-allow-origin": "*", "access-control-expose-headers": "Content-Range" };
        response.writeHead(206, { ...headers, "content-range": `bytes 0-${content.length - 1}/${content.length}` });
        response.write(content.subarray(0, 300_000)); // and no more
        return true;
      };
      await run(other.page, "begin", hub.endpoint, repository, kind);
      await expect.poll(() => run(other.page, "bytesThere")).toBeGreaterThan(290_000);
      await expect
        .poll(async () => (await run(page, "list", kind)).models[0]?.bytes ?? 0)
        .toBeGreaterThanOrEqual(4 * (64 << 10));
      await other.page.close();
      hub.misbehave = undefined;
      hub.seen.length = 0;
      expect(await load(page, kind)).toEqual(whole);
      expect(downloads()).toEqual([`bytes=${4 * (64 << 10)}-`]);
    });
  });

  test("a token does not follow the redirect to another origin", async () => {
    await run(page, "deleteAll", "opfs");
    expect(await run(page, "load", hub.endpoint, repository, "opfs", "hf_secret")).toEqual(whole);
    const sent = (which: string) =>
      new Set(
        hub.seen.filter(({ kind, method }) => kind === which && method === "GET").map((one) => one.authorization),
      );
    expect([sent("file"), sent("cdn")]).toEqual([new Set(["Bearer hf_secret"]), new Set([undefined])]);
  });

  test("no uncaught errors", () => {
    // Firefox reports requests without a network so.
    expect(errors.filter((error) => !error.includes("CORS request did not succeed"))).toEqual([]);
  });
});
