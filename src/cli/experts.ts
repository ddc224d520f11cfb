import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { Command } from "commander";
import type { LanguageModel } from "../generate/language-model.ts";
import { TextError } from "../text/text-error.ts";
import { repeated } from "./arguments.ts";
import { chosenTable, differenceLines, usageTable } from "./experts-table.ts";
import { addModelOptions, type ModelFlags } from "./model-options.ts";
import { openModel } from "./open-model.ts";
import { print, printJson, say } from "./output.ts";
import { withProgress } from "./progress.ts";
import { tableColumns } from "./terminal.ts";

interface ExpertsFlags extends ModelFlags {
  readonly prompt?: readonly string[];
  readonly text?: readonly string[];
  readonly prefix: string;
}

/** What the tokens of one text chose. */
export interface ExpertUse {
  readonly name: string;
  readonly tokens: readonly number[];
  readonly layers: readonly LayerUse[];
}

/** What they chose in one layer. */
export interface LayerUse {
  readonly layer: number;
  /** Of each token, the first chosen first. */
  readonly experts: readonly (readonly number[])[];
  /** Choices that each expert got, as the GPU counted them. */
  readonly counts: readonly number[];
  /** Rows of the blocks that the GPU sorted them into, padding included; null for a text so short that it sorts nothing. */
  readonly rows: number | null;
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
    .option("--text <file>", "a file, of which as much as the context holds; may be repeated", repeated)
    .option("--prefix <text>", "put before what comes from files; * is the file's name up to its first dot", "");
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
      report(i, texts.length);
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
      return { name, text: prefix.replaceAll("*", name) + (await readFile(file, "utf8")) };
    }),
  );
  return [...prompt.map((text, i) => ({ name: `prompt ${i + 1}`, text })), ...fromFiles];
}

/** Runs a text, as much as the context holds, and reads what the GPU counted. */
async function useOf(model: LanguageModel, name: string, text: string): Promise<ExpertUse> {
  const tokens = model.tokenizer.encode(text).slice(0, model.context);
  if (text === "" || tokens.length === 0) throw new TextError(`${name} is empty`);
  using session = model.session();
  const { taps } = await session.state.inspect(tokens, "last", (tap) => /\.(experts|counts|offsets)$/.test(tap));
  const values = (tap: string) => taps.get(tap)?.map((chunk) => [...chunk.values]);
  const { rule, experts: count } = model.decoder.config.mixture ?? { rule: { k: 1 }, experts: 1 };
  const layers = model.decoder.weights.blocks.flatMap((_, layer) => {
    const prefix = `layer.${layer}.feed-forward`;
    const chosen = values(`${prefix}.experts`)?.flat();
    if (!chosen) return []; // a dense layer
    const experts = Array.from({ length: tokens.length }, (_, i) => chosen.slice(i * rule.k, (i + 1) * rule.k));
    const counted = values(`${prefix}.counts`);
    const own = Array.from({ length: count }, (_, e) => chosen.filter((expert) => expert === e).length);
    const counts = counted ? own.map((_, e) => counted.reduce((sum, chunk) => sum + (chunk[e] ?? 0), 0)) : own;
    const rows = values(`${prefix}.offsets`)?.reduce((sum, chunk) => sum + (chunk.at(-1) ?? 0), 0) ?? null;
    return [{ layer, experts, counts, rows }];
  });
  return { name, tokens, layers };
}
