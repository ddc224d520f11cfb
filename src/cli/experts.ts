import { basename } from "node:path";
import { Command } from "commander";
import { TextError } from "../text/text-error.ts";
import { repeated } from "./arguments.ts";
import { type ExpertUse, useOf } from "./expert-use.ts";
import { chosenTable, differenceLines, usageTable } from "./experts-table.ts";
import { addModelOptions, type ModelFlags } from "./model-options.ts";
import { openModel } from "./open-model.ts";
import { print, printJson, say } from "./output.ts";
import { withProgress } from "./progress.ts";
import { readTextFile } from "./read-text.ts";
import { tableColumns } from "./terminal.ts";

interface ExpertsFlags extends ModelFlags {
  readonly prompt?: readonly string[];
  readonly text?: readonly string[];
  readonly prefix: string;
}

/** `shaderformer experts`: which experts the tokens of texts choose. */
export function expertsCommand(): Command {
  const command = new Command("experts")
    .description(
      "Show which experts each token of a text chooses, layer by layer, how evenly the experts are used, and whether " +
        "texts use them differently. For models that are mixtures of experts.",
    )
    .optionsGroup("Texts:")
    .option("--prompt <text>", "a text; may be repeated", repeated)
    .option("--text <file>", "a file, read as far as the context holds; may be repeated", repeated)
    .option("--prefix <text>", "prefix of texts from files; * is the file's name up to its first dot", "");
  return addModelOptions(command).action(showExperts);
}

async function showExperts(flags: ExpertsFlags): Promise<void> {
  const { json = false } = flags;
  const texts = await readTexts(flags);
  using opened = await openModel(flags);
  const { model } = opened;
  const { mixture, architecture } = model.decoder.config;
  if (!mixture) throw new TextError(`${architecture} has no experts`);
  const uses = await withProgress("computing", json, async (report) => {
    const all: ExpertUse[] = [];
    for (const [i, { name, text }] of texts.entries()) {
      report({ done: i, total: texts.length });
      all.push(await useOf(model, name, text));
    }
    return all;
  });
  if (json) return await printJson({ experts: mixture.experts, chosen: mixture.rule.k, texts: uses });
  const columns = tableColumns();
  for (const use of uses) await print(`${chosenTable(model.tokenizer, use, columns)}\n`);
  await print(usageTable(uses, columns));
  if (uses.length > 1) await print(`\n${differenceLines(uses)}`);
  say(model.gpu.adapter.label);
}

async function readTexts({ prompt = [], text: files = [], prefix }: ExpertsFlags) {
  if (prompt.length + files.length === 0) throw new TextError("give --prompt or --text, which may be repeated");
  const fromFiles = await Promise.all(
    files.map(async (file) => {
      const [name = file] = basename(file).split(".");
      return { name, text: prefix.replaceAll("*", name) + (await readTextFile(file)) };
    }),
  );
  return [...prompt.map((text, i) => ({ name: `prompt ${i + 1}`, text })), ...fromFiles];
}
