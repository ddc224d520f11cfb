// Models that the page that generates gets from elsewhere: in every browser there is a second visit, in Firefox without a network,
// and files of the reader's own; in one what is kept, a load that was cancelled, a hub that asks for a token.
import { readdir, readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tinyGguf } from "../formats/gguf-tiny.ts";
import { repository, startHub, type TestHub } from "../formats/hub-server.ts";
import { bundledModel, goldenPrompts } from "../support/bundled.ts";
import { type BuiltSite, buildSite } from "./attention-site.ts";
import { browsers, type DrivenBrowser, type DrivenPage, type OpenedPage, ownIn } from "./driven.ts";
import { fill, open, outputIn } from "./generate-ways.ts";
import { type ModelsServer, serveModels } from "./models-server.ts";
import { panel, panelIsAccessible, picturesOf } from "./strips-ways.ts";
import { press, rowsOf, shown, until } from "./ways.ts";

const [golden] = goldenPrompts;
const files = (await readdir(bundledModel)).filter((name) => /\.(json|safetensors)$/.test(name));

let site: BuiltSite;
let models: ModelsServer;
let hub: TestHub;

beforeAll(async () => {
  site = await buildSite();
  models = await serveModels({
    near: { folder: bundledModel },
    slow: { folder: bundledModel, pace: 4e6 },
  });
  const contents = await Promise.all(files.map((name) => readFile(`${bundledModel}/${name}`)));
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
const link = (model: string) =>
  `${plain(model)}&prompt=${encodeURIComponent(golden?.prompt ?? "")}&temperature=0&max_tokens=8&seed=1&run=1`;

describe.each(browsers)("a model from elsewhere in $name", ({ name, missing, start }) => {
  if (missing) return test.skip(missing);
  let browser: DrivenBrowser;
  let page: DrivenPage;
  let errors: readonly string[];
  let resize: OpenedPage["resize"];

  beforeAll(async () => {
    browser = await start();
    ({ page, errors, resize } = await browser.open(site.generate()));
    await resize(1280, 900);
    models.asked.length = 0; // by the browser before
    hub.seen.length = 0;
    hub.misbehave = undefined;
  });

  afterAll(() => browser?.close());

  const golden8 = async () => {
    const { text } = await outputIn(page, "done");
    expect(text.length).toBeGreaterThan(10);
    expect(golden?.greedyText.startsWith(text)).toBe(true);
  };
  /** The models that the page lists under Storage, with their sizes. */
  const kept = async () => {
    await panel(page, "Storage");
    await shown(page, ".storage", /used/);
    return (await rowsOf(page, '[aria-label="Kept models"]')).map(([name, bytes]) => `${name} ${bytes}`);
  };

  const down = name !== "Chromium"; // a visit in each browser
  test(`is there on the next visit, its host ${down ? "down" : "up"}`, async () => {
    await open(page, plain(`${models.address}near/`));
    await press(page, "button.primary", /^Load \(10\.\d MB\)$/);
    await shown(page, "section.model.loaded", /./);
    models.asked.length = 0;
    models.down = down;
    try {
      await open(page, link(`${models.address}near/`));
      await press(page, "button.primary", /^Load from storage$/);
      await golden8();
    } finally {
      models.down = false;
    }
    // What is asked for is a byte, which says that the file is the same.
    expect(models.asked.filter((request) => /\.safetensors(?!\.index\.json| bytes=0-0$)/.test(request))).toEqual([]);
  });

  ownIn(name)(
    "is found at another hub by name; a token that it asks for goes there alone, and nowhere else",
    async () => {
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
      await shown(page, '[role="alert"]', /401.*give an access token/);
      await fill(page, '.source input[type="password"]', "hf_other");
      await press(page, ".source button", /^Use these$/);
      await shown(page, '[role="alert"]', /403.*Accept the model's licence/);
      await fill(page, '.source input[type="password"]', token);
      await press(page, ".source button", /^Use these$/);
      await press(page, "button.primary", /^Load \(10\.\d MB\)$/);
      await shown(page, "section.model.loaded", /someone\/tiny-model/);
      const known = await page.evaluate(
        () => JSON.stringify([location.href, { ...localStorage }, { ...sessionStorage }, document.cookie]),
        undefined,
      );
      expect(known).toContain("someone");
      expect(known).not.toContain(token);
      const sent = hub.seen.filter(({ authorization }) => authorization !== undefined);
      expect(new Set(sent.map(({ kind }) => kind))).toEqual(new Set(["api", "file"]));
    },
  );

  ownIn(name)("is read from a GGUF file that is dropped", async () => {
    await press(page, "section.model button", /^Change model$/);
    await press(page, '[role="tab"]', /^Your files$/);
    await shown(page, ".drop", /Drop a GGUF file/);
    await page.evaluate(
      async (address) => {
        const data = new DataTransfer();
        data.items.add(new File([await (await fetch(address)).blob()], "tiny-F16.gguf"));
        const drop = document.querySelector(".drop");
        drop?.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
      },
      `data:application/octet-stream;base64,${Buffer.from(tinyGguf()).toString("base64")}`,
    );
    await shown(page, ".drop", /^tiny-F16\.gguf: 1 file/);
    await shown(page, "dl.needs", /LlamaForCausalLM · .* parameters · F16/);
    await press(page, "button.primary", /^Load/);
    await shown(page, "section.model.loaded", /^tiny-F16\.gguf/);
  });

  ownIn(name)("whose load is cancelled is loaded from where that ended", async () => {
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

  // Chromium reads a GGUF file that is dropped.
  test.runIf(name !== "Chromium")("is read from files that are dropped or picked", async () => {
    for (const how of ["dropped", "picked"]) {
      await open(page, site.generate("temperature=0&max_tokens=8"));
      await press(page, '[role="tab"]', /^Your files$/);
      await shown(page, ".drop", /a model's folder or its files/);
      await page.evaluate(
        async ([names, way]) => {
          const data = new DataTransfer();
          for (const name of names) {
            const blob = await (await fetch(`../models/voices-dense/${name}`)).blob();
            data.items.add(new File([blob], name));
          }
          const drop = document.querySelector(".drop");
          const input = drop?.querySelector<HTMLInputElement>('input[aria-label="A model\'s files"]');
          if (input && way === "picked") input.files = data.files;
          if (way === "picked") input?.dispatchEvent(new Event("change", { bubbles: true }));
          else drop?.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
        },
        [files, how] as const,
      );
      await shown(page, ".drop", new RegExp(`^your files: ${files.length} files, 10\\.\\d MB`));
      await shown(page, "dl.needs", /LlamaForCausalLM/);
    }
    await press(page, "button.primary", /^Load/);
    await shown(page, "section.model.loaded", /^your files/);
    await fill(page, "#draft", golden?.prompt ?? "");
    await press(page, "button.send", /^Complete text$/);
    await golden8();
  });

  ownIn(name)("is listed with the others that are kept, and deleted after a second question", async () => {
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
