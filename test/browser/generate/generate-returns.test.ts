// Models that the page that generates gets from elsewhere, in one browser: a second visit, files of the reader's own,
// what is kept, a load that was cancelled, a hub that asks for a token. What either browser keeps is in
// model-cache.test.ts.
import { readdir, readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tinyGguf } from "../../formats/gguf-tiny.ts";
import { repository, startHub, type TestHub } from "../../formats/hub/hub-server.ts";
import { bundledModel, bundledNano } from "../../support/bundled.ts";
import { type BuiltSite, buildSite } from "../attention/attention-site.ts";
import { browsers, type DrivenBrowser, type DrivenPage, type OpenedPage } from "../driven.ts";
import { type ModelsServer, serveModels } from "../engine/models-server.ts";
import { press, rowsOf, shown, until } from "../ways.ts";
import { fill, open, outputIn } from "./generate-ways.ts";
import { panel, panelIsAccessible, picturesOf } from "./strips-ways.ts";

const files = (await readdir(bundledNano)).filter((name) => /\.(json|safetensors)$/.test(name));

let site: BuiltSite;
let models: ModelsServer;
let hub: TestHub;

beforeAll(async () => {
  site = await buildSite();
  models = await serveModels({
    near: { folder: bundledNano },
    slow: { folder: bundledModel, pace: 4e6 },
  });
  const contents = await Promise.all(files.map((name) => readFile(`${bundledNano}/${name}`)));
  hub = await startHub(Object.fromEntries(files.map((name, i) => [name, contents[i] ?? ""])));
});

afterAll(async () => {
  await hub?.close();
  await models?.close();
  await site?.close();
});

/** A link to a model. */
const plain = (model: string) => site.generate(`model=${encodeURIComponent(model)}`);
/** One by which the page writes as soon as the reader has loaded it. */
const link = (model: string) => `${plain(model)}&prompt=The&temperature=0&max_tokens=2&seed=1&run=1`;

describe.each(browsers.slice(0, 1))("a model from elsewhere in $name", ({ name, missing, start }) => {
  if (missing) return test.skip(missing);
  let browser: DrivenBrowser;
  let page: DrivenPage;
  let errors: readonly string[];
  let resize: OpenedPage["resize"];

  beforeAll(async () => {
    browser = await start();
    ({ page, errors, resize } = await browser.open(plain(`${models.address}near/`)));
    await resize(1280, 900);
  });

  afterAll(() => browser?.close());

  /** The models that the page lists under Storage, with their sizes. */
  const kept = async () => {
    await panel(page, "Storage");
    await shown(page, ".storage", /used/);
    return (await rowsOf(page, '[aria-label="Kept models"]')).map(([name, bytes]) => `${name} ${bytes}`);
  };

  test("is there on the next visit", async () => {
    await press(page, "button.primary", /^Load \(3\.\d+ MB\)$/);
    await shown(page, "section.model.loaded", /./);
    models.asked.length = 0;
    await open(page, link(`${models.address}near/`));
    await press(page, "button.primary", /^Load from storage$/);
    await outputIn(page, "done");
    // What is asked for is a byte, which says that the file is the same.
    expect(models.asked.filter((request) => /\.safetensors(?!\.index\.json| bytes=0-0$)/.test(request))).toEqual([]);
  });

  test("is found at another hub by name; a token that it asks for goes there alone, and nowhere else", async () => {
    const token = "hf_secret";
    hub.misbehave = ({ kind, authorization }, _, response) => {
      if (kind === "cdn" || authorization === `Bearer ${token}`) return undefined;
      const head = { "access-control-allow-origin": "*", "access-control-expose-headers": "X-Error-Code" };
      response.writeHead(authorization ? 403 : 401, { ...head, "x-error-code": "GatedRepo" }).end();
      return true;
    };
    // On the device that has compiled its kernels.
    await press(page, "section.model button", /^Change model$/);
    await press(page, '[role="tab"]', /^Hugging Face$/);
    await press(page, ".source summary", /^Access token, another hub$/);
    await fill(page, "#hub", hub.endpoint);
    await press(page, ".source button", /^Use these$/);
    await fill(page, "#model-name", repository);
    await shown(page, '[role="alert"]', /401.*enter an access token/);
    await fill(page, '.source input[type="password"]', "hf_other");
    await press(page, ".source button", /^Use these$/);
    await shown(page, '[role="alert"]', /403.*Accept the model's licence/);
    await fill(page, '.source input[type="password"]', token);
    await press(page, ".source button", /^Use these$/);
    await press(page, "button.primary", /^Load \(3\.\d+ MB\)$/);
    await shown(page, "section.model.loaded", /someone\/tiny-model/);
    const known = await page.evaluate(
      () => JSON.stringify([location.href, { ...localStorage }, { ...sessionStorage }, document.cookie]),
      undefined,
    );
    expect(known).toContain("someone");
    expect(known).not.toContain(token);
    const sent = hub.seen.filter(({ authorization }) => authorization !== undefined);
    expect(new Set(sent.map(({ kind }) => kind))).toEqual(new Set(["api", "file"]));
  });

  test("is read from files that are dropped or picked", async () => {
    await press(page, "section.model button", /^Change model$/);
    await press(page, '[role="tab"]', /^Your files$/);
    await shown(page, ".drop", /Drop a GGUF file/);
    /** Gives files by their names and addresses. */
    const give = (given: readonly (readonly [string, string])[], how: "dropped" | "picked") =>
      page.evaluate(
        async ([all, way]) => {
          const data = new DataTransfer();
          for (const [name, address] of all) {
            data.items.add(new File([await (await fetch(address)).blob()], name));
          }
          const drop = document.querySelector(".drop");
          const input = drop?.querySelector<HTMLInputElement>('input[aria-label="A model\'s files"]');
          if (input && way === "picked") input.files = data.files;
          if (way === "picked") input?.dispatchEvent(new Event("change", { bubbles: true }));
          else drop?.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
        },
        [given, how] as const,
      );
    await give(
      files.map((name) => [name, `../models/voices-nano/${name}`]),
      "picked",
    );
    await shown(page, ".drop", new RegExp(`^your files: ${files.length} files, 3\\.\\d+ MB`));
    await shown(page, "dl.needs", /LlamaForCausalLM/);
    const gguf = `data:application/octet-stream;base64,${Buffer.from(tinyGguf()).toString("base64")}`;
    await give([["tiny-F16.gguf", gguf]], "dropped");
    await shown(page, ".drop", /^tiny-F16\.gguf: 1 file/);
    await shown(page, "dl.needs", /LlamaForCausalLM · .* parameters · F16/);
    await press(page, "button.primary", /^Load/);
    await shown(page, "section.model.loaded", /^tiny-F16\.gguf/);
  });

  test("whose load is cancelled is loaded from where that ended", async () => {
    await open(page, plain(`${models.address}slow/`));
    await press(page, "button.primary", /^Load \(10\.\d MB\)$/);
    await shown(page, "section.model .phase", /[5-9]\.\d* MB of 10\.\d MB/);
    await press(page, "section.model button.cancel", /^Cancel$/);
    models.asked.length = 0;
    await press(page, "button.primary", /^Load \([1-6]\.\d* MB\)$/);
    const rests = () => models.asked.flatMap((one) => /model\.safetensors bytes=(\d+)-$/.exec(one)?.[1] ?? []);
    await until("the rest", async () => rests().length > 0);
    await shown(page, "section.model .phase", /MB of 10\.\d MB/);
    await press(page, "section.model button.cancel", /^Cancel$/);
    expect(rests().map(Number)).toEqual([expect.any(Number)]);
    expect(Number(rests()[0])).toBeGreaterThan(3e6);
  });

  test("is listed with the others that are kept, and deleted after a second question", async () => {
    await open(page, site.generate());
    const [first = ""] = await kept();
    expect(first).not.toBe("");
    await panelIsAccessible(page);
    await picturesOf(page, resize, `storage-${name}`);
    await press(page, '[aria-label="Kept models"] button', /^Delete/);
    await press(page, '[aria-label="Kept models"] .dangerous', /^Delete /);
    await shown(page, ".storage", / deleted$/);
    await until("a list without it", async () => !(await kept()).includes(first));
    // What the page itself looks into, the head of the bundled model, is kept as well.
    await press(page, ".storage button", /^Delete all$/);
    await press(page, ".storage .dangerous", /^Delete all$/);
    await shown(page, ".storage", /No model's files are kept in this browser/);
  });

  test("no uncaught errors", () => expect(errors).toEqual([]));
});
