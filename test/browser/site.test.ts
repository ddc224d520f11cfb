import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { noChromium, openPage } from "../../bench/harness/chromium.ts";
import { type OpenSite, openSite, violations } from "./attention-site.ts";

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
        expect(await violations(page)).toEqual([]);
      }
      await page.setViewportSize({ width: 360, height: 740 });
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    });

    test("its links lead to the pages, and theirs to each other and back", async () => {
      for (const [card, heading] of [
        ["Attention laboratory", "Attention laboratory"],
        ["Peers", "The same work on four engines"],
      ] as const) {
        await page.getByRole("listitem").getByRole("link", { name: card }).click();
        await page.getByRole("heading", { name: heading, level: 1 }).waitFor();
        await page.getByRole("link", { name: card === "Peers" ? "Attention" : "Peers", exact: true }).click();
        await page.getByRole("heading", { level: 1 }).waitFor();
        await page.getByRole("link", { name: "Shaderformer" }).click();
        await page.getByRole("heading", { name: "Transformers written in shaders" }).waitFor();
      }
    });

    test.each(["front", "peers", "attention"] as const)(
      "the %s page runs no script that stands in its HTML",
      async (name) => {
        await page.goto(name === "attention" ? site.address() : site[name]);
        const ran = await page.evaluate(async () => {
          const blocked: string[] = [];
          addEventListener("securitypolicyviolation", ({ effectiveDirective }) => blocked.push(effectiveDirective));
          const written = document.createElement("div");
          written.innerHTML = '<img src="data:," onerror="globalThis.ran = true">';
          const script = Object.assign(document.createElement("script"), { textContent: "globalThis.ran = true" });
          document.body.append(written, script);
          await new Promise((resolve) => setTimeout(resolve, 200));
          return { ran: "ran" in globalThis, blocked: blocked.sort() };
        });
        expect(ran).toEqual({ ran: false, blocked: ["script-src-attr", "script-src-elem"] });
      },
    );

    test("the peers page without the peers says so, and measures this engine alone", async () => {
      await page.goto(`${site.peers}#cases=q20:2x32&interval=5&samples=3&budget=20&peaks=0`);
      await page.getByText(/built without the other engines' code.*bench peers --serve/).waitFor();
      await page.getByRole("button", { name: "Measure 1 case", disabled: false }).click();
      await page.getByRole("button", { name: "Download JSON" }).waitFor({ timeout: 60_000 });
      await page.getByRole("button", { name: "Measure 1 case" }).waitFor({ timeout: 60_000 });
      const rows = page.getByRole("table").first().getByRole("row");
      expect(await rows.filter({ hasText: "shaderformer" }).getByText("✓ pass").count()).toBe(1);
      expect(await rows.filter({ hasText: "this site was built without this peer's code" }).count()).toBe(4);
      expect(await violations(page)).toEqual([]);
    });

    test.each([
      ["no-webgpu", /has no WebGPU/, false],
      ["no-adapter", /gives the page no GPU/, false],
      ["wrong-numbers", /computes attention wrongly/, true],
    ] as const)("the peers page has the shell's troubles: %s", async (sim, says, usable) => {
      await page.goto("about:blank");
      await page.goto(`${site.peers}#sim=${sim}`);
      await page.getByRole("alert").getByText(says).waitFor();
      await page.getByRole("button", { name: "Copy report" }).first().waitFor();
      await page.getByRole("button", { name: /^Measure \d cases/, disabled: !usable }).waitFor();
      await page.getByRole("button", { name: /^Device: / }).click();
      await page.getByRole("dialog", { name: "Device" }).waitFor();
    });

    test("no uncaught errors", () => {
      expect(errors).toEqual([]);
    });
  },
);
