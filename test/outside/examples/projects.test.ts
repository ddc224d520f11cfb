// The examples that are projects of their own, as a reader runs them: copied into a separate folder, with the packed
// package, its model and the packages that they declare, as the clone has them.
import { execFile } from "node:child_process";
import { cp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { build as bundle } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serveSite, type WebServer } from "../../../bench/harness/web-server.ts";
import { loadModel } from "../../../src/index.ts";
import { browsers, type DrivenBrowser, type DrivenPage } from "../../browser/driven.ts";
import { quicklyBy } from "../../cli/run-cli.ts";
import { bundledNano } from "../../support/bundled.ts";
import { quickGpu } from "../../support/devices/gpu.ts";
import { until } from "../../support/until.ts";
import { linked, projectWithLibrary } from "../package/install.ts";

const run = promisify(execFile);
const folder = await projectWithLibrary("examples");
const prompt = "<|whale|>The sea";
/** Tokens that each writes here: one of the prompt and one of a step; as they stand, 48. */
const tokens = 2;
const bundled = ["06-vite", "07-worker", "08-react"];
let expected = "";
let server: WebServer;

/** Changes the number of tokens in the script of a copy that has it. */
async function writeLess(project: string): Promise<void> {
  const changed: string[] = [];
  for (const name of (await readdir(project)).filter((one) => /\.[jt]sx?$/.test(one))) {
    const script = await readFile(join(project, name), "utf8");
    const less = script.replace(/(maxTokens|max_tokens): 48\b/, `$1: ${tokens}`);
    if (less === script) continue;
    await writeFile(join(project, name), less);
    changed.push(name);
  }
  expect(changed).toHaveLength(1);
}

beforeAll(async () => {
  const declared = new Set<string>();
  for (const name of ["05-page", ...bundled, "09-node"]) {
    const own = (file: string) => !/node_modules|package-lock|\/(model|public)$/.test(file); // not what a developer installed there
    await cp(join("examples", name), join(folder, name), { recursive: true, filter: own });
    await writeLess(join(folder, name));
    const file = await readFile(join("examples", name, "package.json"), "utf8");
    for (const dependency of Object.keys(JSON.parse(file).dependencies)) declared.add(dependency);
  }
  declared.delete("shaderformer"); // it is there, packed
  for (const dependency of declared) await linked(dependency, join(folder, "node_modules"));
  await symlink(join(folder, "node_modules"), join(folder, "05-page", "node_modules"));
  await symlink(resolve(bundledNano), join(folder, "05-page", "model"));
  const html = await readFile(join(folder, "05-page", "index.html"), "utf8");
  await writeFile(join(folder, "05-page", "import-map.html"), html.replace(/<script type="module".*<\/script>/, ""));
  for (const name of bundled) {
    const root = join(folder, name);
    const build = { outDir: join(root, "dist"), minify: false }; // minified: the README's page, and the package's
    await bundle({ root, base: "./", configFile: false, logLevel: "error", build });
    await symlink(resolve(bundledNano), join(root, "dist", "model"));
  }
  const folders = bundled.map((name) => [`/${name}/`, join(folder, name, "dist")]);
  server = await serveSite({ folders: { ...Object.fromEntries(folders), "/05-page/": join(folder, "05-page") } });

  const gpu = await quickGpu();
  using model = await loadModel(gpu, bundledNano);
  [{ text: expected = "" } = {}] = (await model.generate(prompt, { maxTokens: tokens, temperature: 0 }).result).rows;
  expect(expected).not.toBe("");
});

afterAll(async () => {
  await server?.close();
  await rm(folder, { recursive: true, force: true });
});

test("09-node", async () => {
  const quickly = quicklyBy(join(folder, "node_modules/shaderformer"));
  const { stdout } = await run(process.execPath, [...quickly, "main.js", resolve(bundledNano), prompt], {
    cwd: join(folder, "09-node"),
  });
  expect(stdout).toBe(`${expected}\n`);
});

test("each asks for the package as it is now, and no file of the clone", async () => {
  const { version, devDependencies } = JSON.parse(await readFile("package.json", "utf8"));
  for (const name of ["05-page", ...bundled, "09-node"]) {
    const { dependencies } = JSON.parse(await readFile(join("examples", name, "package.json"), "utf8"));
    const { shaderformer, ...others } = dependencies;
    expect(shaderformer).toBe(`file:../../shaderformer-${version}.tgz`); // of npm pack
    expect(devDependencies).toMatchObject(others);
    for (const file of (await readdir(join("examples", name))).filter((one) => /\.[jt]sx?$/.test(one))) {
      expect(await readFile(join("examples", name, file), "utf8")).not.toMatch(/from "\.\.|import "\.\./);
    }
  }
});

/** What the pages show while they load, which 06-vite's says by phase. */
const shows: Readonly<Record<string, RegExp>> = {
  "05-page": /Loading the model: 100 %/,
  "06-vite": /upload: \d+ of \d+/,
};

/** Keeps each text that the page shows. It runs before the page's own scripts. */
function watchTexts() {
  const seen = new Set<string>();
  Reflect.set(globalThis, "texts", seen);
  const look = () => seen.add(document.body?.textContent ?? "");
  new MutationObserver(look).observe(document, { childList: true, subtree: true, characterData: true });
}

/** What the package's own worker generates, on a page that bundles nothing. */
const textOfWorker = (page: DrivenPage) =>
  page.evaluate(
    async ({ prompt, maxTokens }) => {
      type Package = typeof import("../../../src/index.ts");
      // A page's own import, which its import map resolves.
      const { createWorkerEngine } = (await new Function('return import("shaderformer")')()) as Package;
      const engine = await createWorkerEngine();
      await engine.load(new URL("./model", document.baseURI).href);
      const { text } = await engine.generate({ prompt, maxTokens, temperature: 0 }).result;
      await engine.dispose();
      return text;
    },
    { prompt, maxTokens: tokens },
  );

describe.each(browsers)("pages in $name", ({ name, missing, start }) => {
  let browser: DrivenBrowser;
  beforeAll(async () => {
    if (!missing) browser = await start();
  });
  afterAll(() => browser?.close());

  // What differs between browsers is workers and import maps.
  const pages = name === "Chromium" ? ["05-page", ...bundled] : [];
  const bare = name === "Chromium" ? [] : ["the package's own worker starts without a bundler"];
  test.skipIf(missing).each(bare)("%s", async () => {
    const { page } = await browser.open(`${server.origin}/05-page/import-map.html`);
    expect(await textOfWorker(page)).toBe(expected);
    await page.close();
  });

  test.skipIf(missing).each(pages)("%s", async (project) => {
    const { page, errors } = await browser.open(`${server.origin}/${project}/index.html`, watchTexts);
    const textOf = (selector: string) =>
      page.evaluate((css) => document.querySelector(css)?.textContent ?? "", selector);
    const failed = async () => /Error/.test(await textOf("#status"));
    // The button is not there, or disabled, until the model is.
    const click = () =>
      page.evaluate(() => {
        const button = document.querySelector<HTMLButtonElement>("button:not([disabled])");
        button?.click();
        return button !== null;
      }, undefined);
    await until("button", async () => (await failed()) || (await click()));
    await until("text", async () => (await failed()) || (await textOf("#output")) !== "");
    const status = await until("end", async () => {
      const text = await textOf("#status");
      return /Done|ready|Error/.test(text) && text;
    });
    expect(status).toMatch(/^(Done\.|ready)$/);
    expect(await textOf("#output")).toBe(expected);
    const texts = await page.evaluate(() => [...(Reflect.get(globalThis, "texts") as Set<string>)], undefined);
    expect(texts.filter((text) => /NaN|undefined|\[object/.test(text))).toEqual([]);
    expect(texts.join("\n")).toMatch(shows[project] ?? /Generating|loading/);
    if (project === "05-page") expect(await textOfWorker(page), "of its own worker").toBe(expected);
    expect(errors).toEqual([]);
    await page.close();
  });
});
