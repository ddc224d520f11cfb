import { Command, InvalidArgumentError } from "commander";
import type { Classification } from "../../encode/heads/classify.ts";
import { printed } from "../../formats/format-error.ts";
import { addEncoderOptions, type EncoderFlags } from "../model/model-options.ts";
import { openEncoder } from "../model/open-encoder.ts";
import { print, printJson, say } from "../output.ts";
import { columnsText } from "../terminal.ts";
import { classifyWords, wordClassifierIn } from "./classify-words.ts";

interface Flags extends EncoderFlags {
  readonly pair?: string;
  readonly labels?: readonly string[];
  readonly template?: string;
  readonly multiLabel?: boolean;
}

/** `shaderformer classify`: the labels of a text, or of its tokens. */
export function classifyCommand(): Command {
  const command = new Command("classify")
    .description(
      "Score the labels of a text, of a pair of texts, or of a text's tokens, with an encoder's classifier; or of a text by its " +
        "words in any order, with one of train --objective bag.",
    )
    .argument("<text>", "a text")
    .option("--pair <text>", "a second text, for models that compare two")
    .option(
      "--labels <list>",
      "labels of your own, separated by commas, for a model of natural language inference",
      list,
    )
    .option("--template <text>", 'the sentence of a label, with {} for it (default: "This example is {}.")')
    .option("--multi-label", "labels of your own do not exclude each other");
  return addEncoderOptions(command).action(classifyText);
}

function list(text: string): string[] {
  const labels = text.split(",").map((label) => label.trim());
  if (labels.includes("")) throw new InvalidArgumentError("Expected labels separated by commas.");
  return labels;
}

async function classifyText(text: string, { pair, labels, template, multiLabel, ...flags }: Flags): Promise<void> {
  const options = { pair, labels, template, multiLabel };
  const ofWords = await wordClassifierIn(flags.model);
  if (!ofWords) {
    using opened = await openEncoder(flags);
    const { encoder } = opened;
    return await show(await encoder.classify(text, options), encoder.gpu.adapter.label, flags);
  }
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined)
      throw new Error(`--${name}: is for encoders, and ${ofWords.name} classifies by words alone`);
  }
  const { adapter, ...result } = await classifyWords(ofWords, text, flags);
  await show(result, adapter, flags);
}

async function show(result: Classification, adapter: string, { json }: Pick<Flags, "json">): Promise<void> {
  if (json) return await printJson(result);
  const scored: readonly { readonly label: string; readonly score: number }[] = result.tokens ?? result.labels;
  const own = [
    { title: "label", cells: scored.map(({ label }) => printed(label)) },
    { title: "score", cells: scored.map(({ score }) => score.toFixed(4)), right: true },
  ];
  const { tokens } = result;
  const ofTokens = tokens && [
    { title: "token", cells: tokens.map(({ text }) => JSON.stringify(text)) },
    ...own,
    { title: "characters", cells: tokens.map(({ start, end }) => `${start} to ${end}`) },
  ];
  await print(columnsText(ofTokens ?? own));
  say(adapter);
}
