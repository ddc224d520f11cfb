// The page that translates, open in a browser, with the folders that its tests load.
import { sequenceFolder } from "../../encoders/seq2seq/golden.ts";
import { bundledModel } from "../../support/bundled.ts";
import { type BuiltSite, buildSite } from "../attention/attention-site.ts";
import type { InstalledBrowser, OpenedPage } from "../driven.ts";
import { type ModelsServer, serveModels } from "../engine/models-server.ts";
import { open } from "../generate/generate-ways.ts";
import { lookAtWidths } from "../widths.ts";
import { ofTranslate, type TranslatePage } from "./translate-ways.ts";

/** The built site, and a server of models. */
export interface TranslateSite {
  readonly site: BuiltSite;
  readonly models: ModelsServer;
  close(): Promise<void>;
}

export async function serveTranslate(): Promise<TranslateSite> {
  const site = await buildSite();
  const models = await serveModels({
    t5: { folder: sequenceFolder("t5") },
    bart: { folder: "test/golden/bart" },
    bert: { folder: "test/golden/bert" },
    "voices-dense": { folder: bundledModel },
  });
  return {
    site,
    models,
    close: async () => {
      await models.close();
      await site.close();
    },
  };
}

/** The page in a browser. */
export interface OpenTranslate extends OpenedPage {
  readonly translate: TranslatePage;
  /** Looks at the page at both widths: it does not scroll sideways, and in Chromium breaks no rule of axe. */
  eachWidth(state: string, themes?: readonly string[]): Promise<void>;
  /** Gives a model's address by a link. */
  openModel(model: string, more?: string): Promise<void>;
  close(): Promise<void>;
}

export async function openTranslate(
  { site, models }: TranslateSite,
  { name, start }: InstalledBrowser,
): Promise<OpenTranslate> {
  const browser = await start();
  const opened = await browser.open(site.translate());
  const { page, resize } = opened;
  await resize(1280, 900);
  return {
    ...opened,
    translate: ofTranslate(page),
    openModel: (model, more = "") =>
      open(page, site.translate(`v=1&model=${encodeURIComponent(`${models.address}${model}/`)}${more}`)),
    eachWidth: (state, themes = ["light"]) =>
      lookAtWidths(
        { page, resize },
        {
          name: `translate-${state}-${name}`,
          heading: /^Translate, and see what is attended to$/,
          themes,
          byRules: name === "Chromium",
        },
      ),
    close: () => browser.close(),
  };
}
