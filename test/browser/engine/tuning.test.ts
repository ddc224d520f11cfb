// The page that generates measures its kernels on the device, in one browser, keeps the result, and uses it after a
// reload.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BuiltSite, buildSite } from "../attention/attention-site.ts";
import { browsers, type DrivenBrowser, type DrivenPage, type OpenedPage } from "../driven.ts";
import { open, outputIn } from "../generate/generate-ways.ts";
import { press, shown, tick, until } from "../ways.ts";

/** A short context, so that the prefills that a pass runs are short too. */
const address = (settings: string) =>
  `model=voices-nano&context=16&temperature=0&seed=1&prompt=${encodeURIComponent("The sea")}${settings}`;

let site: BuiltSite;
beforeAll(async () => {
  site = await buildSite();
});
afterAll(() => site?.close());

describe.each(browsers.slice(0, 1))("tuning in $name", ({ missing, start }) => {
  if (missing) return test.skip(missing);
  let browser: DrivenBrowser;
  let page: DrivenPage;
  let errors: OpenedPage["errors"];
  /** What the model writes before anything is measured. */
  let untuned: string;

  beforeAll(async () => {
    browser = await start();
    let resize: OpenedPage["resize"];
    ({ page, errors, resize } = await browser.open(site.generate(address(""))));
    await resize(1280, 900);
  });
  afterAll(() => browser?.close());

  const facts = () => shown(page, "section.model.loaded .facts", /context 16/);
  /** Whether loads use what was measured; undefined where the page does not ask. */
  const ticked = () =>
    page.evaluate(() => document.querySelector<HTMLInputElement>(".tuning input[type=checkbox]")?.checked, undefined);
  /** The texts that the browser's database of measurements holds. */
  const stored = () => replacedIn("", "");
  /** Replaces what a pattern matches in the stored texts; gives what they hold then. */
  const replacedIn = (pattern: string, replacement: string) =>
    page.evaluate(
      ([source, by]) =>
        new Promise<string[]>((resolve, reject) => {
          const opening = indexedDB.open("shaderformer-tuning");
          opening.onerror = () => reject(opening.error);
          opening.onsuccess = () => {
            const db = opening.result;
            const texts: string[] = [];
            const transaction = db.transaction("devices", "readwrite");
            transaction.onabort = () => reject(transaction.error);
            transaction.oncomplete = () => {
              db.close();
              resolve(texts);
            };
            transaction.objectStore("devices").openCursor().onsuccess = ({ target }) => {
              const cursor = (target as IDBRequest<IDBCursorWithValue | null>).result;
              if (!cursor) return;
              texts.push(String(cursor.value).replaceAll(new RegExp(source, "g"), by));
              cursor.update(texts.at(-1));
              cursor.continue();
            };
          };
        }),
      [pattern, replacement] as const,
    );

  test("nothing is measured or used unasked", async () => {
    await shown(page, ".tuning #why-no-tuning", /Load a model first/);
    expect(await ticked()).toBeUndefined();
    await open(page, site.generate(address("&max_tokens=6&run=1")));
    untuned = (await outputIn(page, "done")).text;
    expect(untuned).not.toBe("");
    expect(await facts()).not.toMatch(/measurement/);
  });

  test("a pass says how far it is, and stopped keeps what it measured", async () => {
    await press(page, ".tuning button", /^Tune for this device$/);
    // The first calls have no choice of variants.
    await shown(page, ".tuning .phase", /^Measuring call (8|9|\d\d) of \d\d+$/);
    await press(page, ".tuning button", /^Stop tuning$/);
    const result = await shown(page, ".tuning .result", /./);
    expect(result).toMatch(
      /^(All \d+ measured calls? stay as they are|\d+ of \d+ calls? (is|are) faster with another kernel); \d+ calls not measured, since you stopped it\. Used from the next load on this device\.$/,
    );
    expect(await ticked()).toBe(true);
    const [record = "{}", ...others] = await stored();
    expect(others).toEqual([]);
    const { format, rows } = JSON.parse(record);
    expect(format).toBe("shaderformer tuning 1");
    expect(rows.length).toBeGreaterThan(0);
  });

  test("after a reload it is used, and the text is the same", async () => {
    const { rows } = JSON.parse((await stored())[0] ?? "{}");
    await open(page, site.generate(address("&max_tokens=6&run=1")));
    expect((await outputIn(page, "done")).text).toBe(untuned);
    expect(await facts()).toMatch(
      rows.length === 1 ? /1 measurement of/ : new RegExp(`${rows.length} measurements of this device in use`),
    );
  });

  /** Loads the model again on the same device, which compiles little, and gives its text of so many tokens. */
  async function again(tokens: number): Promise<string> {
    await press(page, "section.model button", /^Change model$/);
    await page.goto(site.generate(address(`&max_tokens=${tokens}&run=1`)));
    await shown(page, "#status", new RegExp(`^Reply finished, ${tokens} tokens\\.$`));
    return (await outputIn(page, "done")).text;
  }

  test("unticked, nothing that is stored is used", async () => {
    await page.click(".tuning input[type=checkbox]");
    await until("unticked box", async () => (await ticked()) === false);
    await again(2);
    expect(await facts()).not.toMatch(/measurement/);
    expect(await ticked()).toBe(false);
    await tick(page, ".tuning input[type=checkbox]");
  });

  test("where the text of a kernel has changed since, it is not used, and the page says so; the text is the same", async () => {
    const hash = '"[0-9a-f]{14}"'; // of a kernel's text
    const [record = ""] = await replacedIn(hash, '"00000000000000"');
    expect(record).toMatch(/"00000000000000"/);
    expect(record).not.toMatch(new RegExp(hash.replace("0-9", "1-9")));
    expect(untuned.startsWith(await again(5))).toBe(true);
    await shown(
      page,
      ".notes li, .notice, details li",
      /stored tuning of \S+ is not used: the text of \S+ has changed since/,
    );
    expect(errors).toEqual([]);
  });
});
