import { Command } from "commander";
import { positive } from "../arguments.ts";
import { addEncoderOptions, type EncoderFlags } from "../model/model-options.ts";
import { openEncoder } from "../model/open-encoder.ts";
import { print, printJson, say } from "../output.ts";
import { readTextFile } from "../read-text.ts";

interface Flags extends EncoderFlags {
  readonly context?: string;
  readonly contextFile?: string;
  readonly maxTokens?: number;
  readonly nullAnswer?: boolean;
}

/** `shaderformer answer`: the part of a text that answers a question. */
export function answerCommand(): Command {
  const command = new Command("answer")
    .description("Find the part of a text that answers a question, with an encoder that was trained for it.")
    .argument("<question>", "a question")
    .option("--context <text>", "the text that has the answer")
    .option("--context-file <file>", "a file with that text, UTF-8")
    .option("--max-tokens <n>", "maximum tokens of the answer (default: 15)", positive)
    .option("--null-answer", "report when the text has no answer, with models trained for that");
  return addEncoderOptions(command).action(answerQuestion);
}

async function answerQuestion(
  question: string,
  { context: given, contextFile, maxTokens, nullAnswer, ...flags }: Flags,
): Promise<void> {
  if ((given === undefined) === (contextFile === undefined)) {
    const how =
      given === undefined ? "neither --context nor --context-file is given" : "--context and --context-file are given";
    throw new Error(`answer: ${how}, expected one of them`);
  }
  const context = given ?? (await readTextFile(contextFile ?? ""));
  using opened = await openEncoder(flags);
  const { encoder } = opened;
  const found = await encoder.answer(question, context, { maxTokens, nullAnswer });
  if (flags.json) {
    await printJson(found);
    return;
  }
  const { answer, start, end, score } = found;
  if (answer === "") await print(`no answer in this text: score ${score.toFixed(4)}\n`);
  else await print(`${answer}\nscore ${score.toFixed(4)}, characters ${start} to ${end} of the context\n`);
  say(encoder.gpu.adapter.label);
}
