import { basename } from "node:path";
import { Command } from "commander";
import type { LanguageModel } from "../generate/language-model.ts";
import { TextError } from "../text/text-error.ts";
import type { Tokenizer } from "../text/tokenizer.ts";
import { repeated } from "./arguments.ts";
import { addModelOptions, type ModelFlags } from "./model/model-options.ts";
import { openModel } from "./model/open-model.ts";
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
    .option("--text <file>", "a file, read as far as the context allows; may be repeated", repeated)
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

/** Number of tokens listed per text. */
const shownTokens = 16;

/** The experts of the first tokens in order of choice: a row per token, a column per layer. */
function chosenTable(tokenizer: Tokenizer, { name, tokens, layers }: ExpertUse, columns: number): string {
  const shown = tokens.slice(0, shownTokens);
  const texts = shown.map((id) => JSON.stringify(tokenizer.decode([id], { skipSpecialTokens: false })));
  const width = Math.max(5, ...texts.map((text) => text.length));
  const cells = layers.map(({ experts }) => experts.slice(0, shownTokens).map((chosen) => chosen.join(" ")));
  const heads = layers.map(({ layer }) => `layer ${layer}`);
  const widths = cells.map((column, i) => Math.max(heads[i]?.length ?? 0, ...column.map((text) => text.length)));
  const fitting = widths.filter((_, i) => width + sum(widths.slice(0, i + 1)) + 2 * (i + 1) <= columns).length;
  const line = (first: string, rest: readonly string[]) =>
    [first.padEnd(width), ...rest.slice(0, fitting).map((text, i) => text.padStart(widths[i] ?? 0))].join("  ");
  const more = tokens.length - shown.length;
  return [
    `${name}: the experts of ${more > 0 ? `the first ${shown.length} of ${tokens.length}` : shown.length} tokens`,
    line("token", heads),
    ...texts.map((text, row) =>
      line(
        text,
        cells.map((column) => column[row] ?? ""),
      ),
    ),
    ...(fitting < layers.length ? [`… and ${layers.length - fitting} layers more, with --json`] : []),
  ]
    .map((text) => text.trimEnd())
    .join("\n")
    .concat("\n");
}

/** How each text used the experts of each layer: their shares in percent, how uneven they are, how full the blocks. */
function usageTable(uses: readonly ExpertUse[], columns: number): string {
  const experts = uses[0]?.layers[0]?.counts.length ?? 0;
  const width = Math.max(4, ...uses.map(({ name }) => name.length));
  const room = Math.floor((columns - width - 8 - 22) / 4);
  const shown = Math.min(experts, Math.max(1, room));
  const head = ["layer", "text".padEnd(width), ...ids(shown), "imbalance", "efficiency"].join("  ");
  const lines = [
    `share of the choices that each expert got, %${shown < experts ? ` (${shown} of ${experts} experts; all with --json)` : ""}`,
    head,
  ];
  const layers = uses[0]?.layers.length ?? 0;
  for (let layer = 0; layer < layers; layer++) {
    for (const [i, { name, layers: own }] of uses.entries()) {
      const use = own[layer];
      if (!use) continue;
      const shares = sharesOf(use).slice(0, shown);
      const cells = shares.map((share) => String(Math.round(100 * share)).padStart(2));
      const figures = [imbalance(use).toFixed(2).padStart(9), efficiency(use).padStart(10)];
      lines.push([(i === 0 ? String(layer) : "").padStart(5), name.padEnd(width), ...cells, ...figures].join("  "));
    }
  }
  lines.push("imbalance: choices of the busiest expert over the mean. efficiency: choices over padded rows.");
  return `${lines.join("\n")}\n`;
}

/** How much the texts differ in their choices, by layer. */
function differenceLines(uses: readonly ExpertUse[]): string {
  const layers = uses[0]?.layers.length ?? 0;
  const lines = ["share of choices in which two texts differ, for the least and the most different pair"];
  for (let layer = 0; layer < layers; layer++) {
    const pairs = uses.flatMap((a, i) =>
      uses.slice(i + 1).map((b) => ({
        names: `${a.name} and ${b.name}`,
        apart: distance(a.layers[layer], b.layers[layer]),
      })),
    );
    pairs.sort((p, q) => p.apart - q.apart);
    const [least, most] = [pairs[0], pairs.at(-1)];
    const text = (pair: typeof least) => (pair ? `${Math.round(100 * pair.apart)} % ${pair.names}` : "");
    lines.push(`layer ${layer}: ${text(least)}${pairs.length > 1 ? ` … ${text(most)}` : ""}`);
  }
  return `${lines.join("\n")}\n`;
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const ids = (count: number) => Array.from({ length: count }, (_, e) => String(e).padStart(2));

function sharesOf({ counts }: LayerUse): number[] {
  const total = sum(counts);
  return counts.map((count) => count / total);
}

const imbalance = ({ counts }: LayerUse) => (Math.max(...counts) * counts.length) / sum(counts);

const efficiency = ({ counts, rows }: LayerUse) =>
  rows === null ? "–" : `${Math.round((100 * sum(counts)) / rows)} %`;

/** Half the sum of the absolute differences of the shares: 0 for equal use, 1 if no expert is used by both. */
function distance(a: LayerUse | undefined, b: LayerUse | undefined): number {
  if (!a || !b) return 0;
  const [p, q] = [sharesOf(a), sharesOf(b)];
  return sum(p.map((share, e) => Math.abs(share - (q[e] ?? 0)))) / 2;
}

/** The experts chosen by the tokens of one text. */
interface ExpertUse {
  readonly name: string;
  readonly tokens: readonly number[];
  readonly layers: readonly LayerUse[];
}

/** The experts chosen in one layer. */
interface LayerUse {
  readonly layer: number;
  /** For each token, in order of choice. */
  readonly experts: readonly (readonly number[])[];
  /** Number of choices of each expert, as counted by the GPU. */
  readonly counts: readonly number[];
  /** Rows of the blocks into which the GPU sorted them, padding included; null for texts too short to be sorted. */
  readonly rows: number | null;
}

/** Runs as much of a text as fits the context, and reads the counts from the GPU. */
export async function useOf(model: LanguageModel, name: string, text: string): Promise<ExpertUse> {
  const tokens = model.tokenizer.encode(text).slice(0, model.context);
  if (text === "" || tokens.length === 0) throw new TextError(`${name} is empty`);
  const { k, layers } = await model.expertChoices(tokens);
  return {
    name,
    tokens,
    layers: layers.map(({ layer, experts, counts, rows }) => ({
      layer,
      experts: tokens.map((_, i) => [...experts.subarray(i * k, (i + 1) * k)]),
      counts: [...counts],
      rows,
    })),
  };
}
