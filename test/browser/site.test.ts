import { gzipSync } from "node:zlib";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { noChromium, openPage } from "../../bench/harness/chromium.ts";
import { type OpenSite, openSite, violations } from "./attention/attention-site.ts";

describe.skipIf(noChromium)(
  `the site's other pages in headless Chromium${noChromium ? ` (${noChromium})` : ""}`,
  () => {
    let site: OpenSite;
    let page: Page;
    let errors: string[];

    beforeAll(async () => {
      site = await openSite();
      ({ page, errors } = await openPage(site.browser, site.front));
    });

    afterAll(() => site?.close());

    test("the front page fits a screen, a phone's width, and breaks no rule of accessibility", async () => {
      await page.setViewportSize({ width: 1280, height: 900 });
      expect(await page.evaluate(() => document.documentElement.scrollHeight)).toBeLessThanOrEqual(900);
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        expect(await violations(page, [], colorScheme === "dark" ? ["color-contrast"] : [])).toEqual([]);
      }
      await page.setViewportSize({ width: 360, height: 740 });
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
      // Nothing below moves when the run appears: its place is kept, as high as the run is.
      const [height, kept] = await page.locator(".show").evaluate((show) => {
        const { height, minHeight } = getComputedStyle(show);
        return [height, minHeight];
      });
      expect(height).toBe(kept);
    });

    test("the front page loads at most 60 kB of script, and nothing that it does not show; where reduced motion is preferred the run is there at once, and plays when asked", async () => {
      const context = await site.browser.newContext({ reducedMotion: "reduce" });
      const still = await context.newPage();
      const loading: Promise<{ readonly path: string; readonly body: Buffer }>[] = [];
      still.on("response", (response) => {
        const path = new URL(response.url()).pathname.replace("/some/path/", "");
        loading.push(response.body().then((body) => ({ path, body })));
      });
      // How many tokens are seen, at every frame: those that are given, then all.
      await still.addInitScript(() => {
        const seen = new Set<number>();
        Object.assign(globalThis, { seen });
        const look = () => {
          seen.add(document.querySelectorAll(".token-text .token").length);
          requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
      });
      await still.goto(site.front);
      await still.getByRole("button", { name: "Play again" }).waitFor();
      const counts = await still.evaluate(() => [...(globalThis as unknown as { seen: Set<number> }).seen]);
      expect(counts.filter((tokens) => tokens > 0).length).toBeLessThanOrEqual(2);
      await still.getByRole("button", { name: "Play again" }).click();
      await still.getByRole("button", { name: "Pause" }).waitFor();
      await still.waitForLoadState("networkidle");
      const loaded = await Promise.all(loading);
      const scripts = loaded.filter(({ path }) => path.endsWith(".js"));
      const bytes = scripts.reduce((sum, { body }) => sum + gzipSync(body).length, 0);
      expect(bytes).toBeGreaterThan(5_000); // the page has one
      expect(bytes).toBeLessThanOrEqual(60_000);
      // Neither the engine with its shaders, nor a model, nor the runs that are not shown.
      const text = scripts.map(({ body }) => body.toString()).join("");
      expect(text).not.toMatch(/@compute|createShaderModule|hacker: zero/);
      const other = loaded
        .map(({ path }) => path)
        .filter((path) => !/^(index\.html|before-paint\.js|assets\/[^/]+\.(js|css))$/.test(path));
      expect(other).toEqual([]);
      await context.close();
    });

    test("its links lead to the pages, and theirs to each other and back", async () => {
      /** Waits for a page's heading; says what there is instead. */
      const shows = async (name: string) => {
        const waiting = page.getByRole("heading", { name, level: 1 }).waitFor();
        await waiting.catch(async (cause) => {
          const text = await page.evaluate(() => document.body.textContent.slice(0, 200));
          throw new Error(`no "${name}": ${page.url()} shows "${text}", errors ${errors}`, { cause });
        });
      };
      for (const [card, heading] of [
        ["Generate", "Generate"],
        ["Search by meaning", "Search by meaning"],
        ["Train", "Train a Transformer here"],
        ["Attention laboratory", "Attention laboratory"],
        ["Study kernels", "Study kernels"],
      ] as const) {
        await page.getByRole("listitem").getByRole("link", { name: card }).click();
        await shows(heading);
        if (card === "Study kernels") {
          await page.getByRole("navigation").getByRole("link", { name: "Peers", exact: true }).click();
          await shows("The same work on six engines");
        }
        await page.getByRole("link", { name: "Shaderformer" }).click();
        await shows("Transformers written in shaders");
      }
    });

    test.each(["front", "peers", "attention"] as const)(
      "the %s page runs no script that stands in its HTML",
      async (name) => {
        await page.goto(name === "attention" ? site.address() : site[name]);
        const ran = await page.evaluate(async () => {
          const blocked: string[] = [];
          const both = new Promise<void>((resolve) => {
            addEventListener("securitypolicyviolation", ({ effectiveDirective }) => {
              if (blocked.push(effectiveDirective) === 2) resolve();
            });
          });
          const written = document.createElement("div");
          written.innerHTML = '<img src="data:," onerror="globalThis.ran = true">';
          const script = Object.assign(document.createElement("script"), { textContent: "globalThis.ran = true" });
          document.body.append(written, script);
          await both;
          return { ran: "ran" in globalThis, blocked: blocked.sort() };
        });
        expect(ran).toEqual({ ran: false, blocked: ["script-src-attr", "script-src-elem"] });
      },
    );

    test("a written page has a theme button, fits a phone, and breaks no rule of accessibility", async () => {
      await page.goto(site.front.replace("index.html", "readme/index.html"));
      await page.evaluate(() => {
        for (const details of document.querySelectorAll("details")) details.open = true;
      });
      await page.setViewportSize({ width: 360, height: 740 });
      for (const theme of ["light", "dark"]) {
        await page.getByRole("button", { name: /^Theme: / }).click();
        expect(await page.evaluate(() => document.documentElement.dataset["theme"])).toBe(theme);
        expect(await violations(page, [], theme === "dark" ? ["color-contrast"] : [])).toEqual([]);
      }
      await page.getByRole("button", { name: "Theme: dark. Change it" }).click(); // back to that of the system
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    });

    // What it measures is in pages.test.ts.
    test("the peers page without the peers says so, and has this engine alone", async () => {
      await page.goto(site.peers);
      await page.getByText(/built without the other engines' code.*bench peers --serve/).waitFor();
      const engines = page.getByRole("group", { name: "Engines" }).getByRole("checkbox");
      await engines.first().waitFor();
      expect(await engines.count()).toBe(1);
    });

    test.each([
      ["no-webgpu", /has no WebGPU/, false],
      ["wrong-numbers", /computes attention wrongly/, true],
    ] as const)("the peers page has the shell's troubles: %s", async (sim, says, usable) => {
      await page.goto("about:blank");
      await page.goto(`${site.peers}#sim=${sim}`);
      await page.getByRole("alert").getByText(says).waitFor();
      await page.getByRole("button", { name: "Copy report" }).first().waitFor();
      await page.getByRole("button", { name: /^Measure \d+ cases/, disabled: !usable }).waitFor();
      await page.getByRole("button", { name: /^Device: / }).click();
      await page.getByRole("dialog", { name: "Device" }).waitFor();
    });

    test("no uncaught errors", () => {
      expect(errors).toEqual([]);
    });
  },
);
