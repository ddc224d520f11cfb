import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeOnnx } from "../../../bench/generate/build.ts";
import { noChromium, openPage } from "../../../bench/harness/chromium.ts";
import { serveSite, type WebServer } from "../../../bench/harness/web-server.ts";
import { findShape } from "../../../bench/index.ts";
import { writeRandomFolder } from "../../../bench/models/write-random.ts";
import { openChromiumOn } from "../../../bench/peers/chromium.ts";
import { textModel } from "../../../bench/peers/generate.ts";
import type { PeerResult } from "../../../bench/peers/result.ts";
import { buildSite } from "../../../bench/peers/setup/build.ts";
import { ensurePeers } from "../../../bench/peers/setup/packages.ts";
import { violations } from "../../browser/attention/attention-site.ts";

const packages = noChromium
  ? { missing: noChromium }
  : await ensurePeers(".", (line) => process.stderr.write(`${line}\n`)).then(
      (modules) => ({ modules, missing: undefined }),
      (error: unknown) => ({ missing: String(error) }),
    );
const { missing } = packages;

const arrayPeers = ["jax-js", "onnxruntime-web (no subgroups)", "tensorflow.js"];
// The other onnxruntime-web and transformers.js differ in their device, and what the first one makes of subgroups may
// be wrong here.
const textPeers = ["transformers.js (no subgroups)", "wllama"];
const engines = ["shaderformer", ...arrayPeers, "a wrong engine"];
const peers = engines.slice(1);

/** Puts a random model of one layer in the place of the one that the page names: its texts take few dispatches. */
async function writeSmallModel(site: string): Promise<void> {
  const model = join(site, "models", textModel.name);
  const onnx = join(site, "peers", "vendor", `${textModel.name}-onnx`);
  for (const folder of [model, onnx]) await rm(folder, { recursive: true });
  await mkdir(model);
  await writeRandomFolder(model, { ...findShape("tiny")[1], num_hidden_layers: 1 });
  await writeFile(join(model, "generation_config.json"), "{}");
  await writeOnnx(model, onnx);
}

describe.skipIf(missing)(`the peers page in headless Chromium${missing ? ` (${missing})` : ""}`, () => {
  let folder: string;
  let server: WebServer;
  let browser: Browser;
  let page: Page;
  let errors: string[];
  let result: PeerResult;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "shaderformer-peers-"));
    if (!("modules" in packages)) return;
    await buildSite({
      root: process.cwd(),
      modules: packages.modules,
      entry: "test/bench/peers/peers-page.ts",
      folder,
    });
    await writeSmallModel(folder);
    server = await serveSite({ folders: { "/": folder } });
    browser = await openChromiumOn("swiftshader", process.cwd());
    const chosen = [...engines, ...textPeers].map(encodeURIComponent).join(",");
    const setup = `#cases=q20:2x32,generate:2&engines=${chosen}&interval=1&samples=1&budget=1&peaks=0`;
    ({ page, errors } = await openPage(browser, `${server.origin}/peers/index.html${setup}`));
    await page.getByRole("button", { name: "Measure 2 cases", disabled: false }).click();
    await page.getByRole("button", { name: "Download JSON" }).waitFor();
    await page.getByRole("button", { name: "Measure 2 cases" }).waitFor();
    const download = page.waitForEvent("download");
    await page.getByRole("button", { name: "Download JSON" }).click();
    result = JSON.parse(await readFile(await (await download).path(), "utf8"));
  });

  afterAll(async () => {
    await browser?.close();
    await server?.close();
    if (folder) await rm(folder, { recursive: true });
  });

  test("every engine has its rows, in the form of every bench", () => {
    expect(result.environment).toMatchObject({ software: true, clock: "wall" });
    expect(result.environment.adapter).toContain("SwiftShader");
    expect(result.engines.map(({ name }) => name)).toEqual([
      ...["shaderformer", ...arrayPeers, ...textPeers, "a wrong engine"],
    ]);
    expect(
      result.engines.filter(({ failure, version }) => failure !== null || !version).map(({ name }) => name),
    ).toEqual(
      ["wllama"], // there is no shader-f16
    );
    const rows = result.rows.filter(({ op }) => op === "attention");
    expect([...new Set(rows.map(({ engine }) => engine))]).toEqual(engines);
    for (const row of rows) {
      expect(row).toMatchObject({ op: "attention", batch: "q20", heads: "2x32", mask: "causal", dtype: "f32" });
      expect(row).toMatchObject({ livePairs: 2 * 210, flops: 4 * 2 * 210 * 32, bytes: 4 * 4 * 20 * 64 });
      expect(row.checked).toBe("all 1280 elements");
    }
  });

  test("a text is right token by token, and only engines with language models have rows of it", () => {
    const rows = result.rows.filter(({ op }) => op === "generate");
    expect(rows.map(({ engine }) => engine)).toEqual(["shaderformer", ...textPeers, "a wrong engine"]);
    const [ours, withoutSubgroups, wllama, wrong] = rows;
    for (const row of [ours, withoutSubgroups]) {
      expect(row).toMatchObject({ batch: "2 tokens", model: "voices-dense", verdict: "pass", errorRatio: null });
      expect(row?.checked).toMatch(/^2 tokens, each the likeliest in float64/);
      expect(row?.medianMs).toEqual(expect.any(Number));
    }
    expect(ours?.ratioToFastestPeer).toBeGreaterThan(0);
    expect(wllama).toMatchObject({ verdict: "n/a", medianMs: null });
    expect(wllama?.reason).toMatch(/wllama's WebGPU backend requires shader-f16, which SwiftShader/);
    expect(wrong).toMatchObject({ verdict: "fail", medianMs: null });
    expect(wrong?.reason).toMatch(/^wrong: token 1 is /);
  });

  test("right results have times and ratios", () => {
    const right = result.rows.filter(({ op, verdict }) => op === "attention" && verdict === "pass");
    expect([...new Set(right.map(({ engine }) => engine))]).toEqual(engines.slice(0, -1));
    const fastest = Math.min(
      ...right.filter(({ engine }) => peers.includes(engine)).map((row) => Number(row.medianMs)),
    );
    for (const row of right) {
      expect(row.nmse).toBeLessThan(1e-11);
      expect(row).toMatchObject({ p10Ms: expect.any(Number), repeats: expect.any(Number) });
      const quantiles = [row.p10Ms, row.medianMs, row.p90Ms].map(Number);
      expect(quantiles).toEqual(quantiles.toSorted((a, b) => a - b));
      expect(row.ratioToFastestPeer).toBeCloseTo(fastest / Number(row.medianMs), 10);
    }
  });

  test("an engine that is wrong by a thousandth has no speed", () => {
    const wrong = result.rows.filter(({ op, engine }) => op === "attention" && engine === "a wrong engine");
    expect(wrong).toHaveLength(1);
    for (const row of wrong) {
      expect(row).toMatchObject({
        verdict: "fail",
        medianMs: null,
        tflops: null,
        ratioToFastestPeer: null,
        repeats: null,
      });
      expect(row.reason).toMatch(/^wrong: relative error 0\.0010/);
    }
  });

  test("the page shows the verdicts, and no speed of the wrong one", async () => {
    const table = page.getByRole("table").first();
    const wrong = table.getByRole("row").filter({ hasText: "a wrong engine" });
    expect(await wrong.textContent()).toContain("✗ fail");
    expect(await wrong.textContent()).not.toMatch(/\d×/);
    const ours = table.getByRole("row").filter({ hasText: "shaderformer" });
    expect(await ours.textContent()).toMatch(/✓ pass[\s\S]*×/);
    expect(await page.getByText(/× the fastest correct peer/).count()).toBe(2);
    expect(await page.getByText("This is a software adapter").count()).toBe(1);
  });

  test("it is accessible in light and dark, and fits a phone", async () => {
    for (const [width, colorScheme] of [
      [1280, "light"],
      [390, "dark"],
    ] as const) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 844 });
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
      expect(await violations(page, [], colorScheme === "dark" ? ["color-contrast"] : [])).toEqual([]);
    }
  });

  test("stop ends a run, and what was there by then is kept", async () => {
    await page.goto(`${server.origin}/peers/index.html#cases=q20:2x32&interval=5000&samples=15&budget=100000&peaks=0`);
    await page.reload();
    await page.getByRole("button", { name: "Measure 1 case", disabled: false }).press("Enter");
    await page.getByText("loading").waitFor();
    await page.getByRole("button", { name: "Stop" }).press("Enter");
    await page.getByRole("button", { name: "Measure 1 case" }).waitFor();
    await page.getByRole("status").filter({ hasText: "Stopped" }).waitFor();
  });

  test("without WebGPU it says so, and has nothing to press", async () => {
    const { page: bare } = await openPage(browser, "about:blank");
    await bare.addInitScript(() => Object.defineProperty(Navigator.prototype, "gpu", { get: () => undefined }));
    await bare.goto(`${server.origin}/peers/index.html`);
    expect(await bare.getByRole("alert").textContent()).toContain("this browser has no WebGPU");
    expect(await bare.locator("#run").getAttribute("aria-disabled")).toBe("true");
    await bare.close();
  });

  test("no uncaught errors", () => {
    expect(errors).toEqual([]);
  });
});
