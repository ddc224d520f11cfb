import { Command } from "commander";
import type { LanguageModel } from "../../generate/language-model.ts";
import { type GenerationOptions, resolveOptions, samplingKind } from "../../generate/options.ts";
import type { Piece } from "../../generate/session/row.ts";
import type { Session } from "../../generate/session/session.ts";
import type { Speculative } from "../../generate/speculative/options.ts";
import { TextError } from "../../text/text-error.ts";
import { count, number, repeated } from "../arguments.ts";
import { makeInterrupt } from "../interrupt.ts";
import { addModelOptions, type ModelFlags } from "../model/model-options.ts";
import { folderKind } from "../model/open-encoder-decoder.ts";
import { openModel } from "../model/open-model.ts";
import { onReaderGone, print, printJson, say } from "../output.ts";
import { type Report, withProgress } from "../progress.ts";
import { bold, lineColumns } from "../terminal.ts";
import { addBeamOptions, type BeamFlags, beamOptions, checkBeamFlags } from "./beam-options.ts";
import { generationFigures, generationJson } from "./report.ts";
import { addSpeculativeOptions, checkSpeculativeFlags, type SpeculativeFlags } from "./speculative-options.ts";
import { createTextFlow } from "./text-flow.ts";

/** The flags of `generate`; the sampling fields are those of `GenerationOptions`. */
interface GenerateFlags
  extends ModelFlags,
    SpeculativeFlags,
    BeamFlags,
    Omit<GenerationOptions, "signal" | "seed" | "speculative" | "noRepeatNgram" | keyof BeamFlags> {
  readonly seed?: number;
  readonly chat?: boolean;
}

/** `shaderformer generate`: streams the continuation of a prompt. */
export function generateCommand(): Command {
  const command = new Command("generate")
    .description("Continue a text with a language model, or write one from it with an encoder-decoder.")
    .argument("[prompt]", "the text; optional for the bundled models")
    .optionsGroup("Sampling (defaults: the model's generation_config.json):")
    .option("-n, --max-tokens <n>", "maximum number of tokens to generate", count)
    .option("-t, --temperature <t>", "0 always takes the likeliest token", number)
    .option("--top-k <k>", "keep the k likeliest tokens; 0 keeps all", count)
    .option("--top-p <p>", "keep the likeliest tokens that sum to probability p", number)
    .option("--min-p <p>", "keep tokens at least p times as likely as the likeliest", number)
    .option("--repetition-penalty <x>", "divide logits of tokens seen before; 1 is off", number)
    .option("--presence-penalty <x>", "subtract x from logits of generated tokens", number)
    .option("--frequency-penalty <x>", "subtract x for each time a token was generated", number)
    .option("-s, --seed <n>", "seed of the random numbers: the same seed gives the same text", count)
    .option("--ignore-eos", "continue after an end-of-text token, up to --max-tokens")
    .option("--stop <text>", "end at this text; may be given several times", repeated)
    .option(
      "--guard",
      "check the sums after each layer: the largest magnitude, or the first layer with NaN or infinity",
    )
    .option("--chat", "the prompt is a user's message, in the model's chat template")
    .optionsGroup("Beam search (draws nothing):");
  addBeamOptions(command).optionsGroup("Speculative decoding (the same text, in fewer steps where it can be guessed):");
  addSpeculativeOptions(command);
  return addModelOptions(command)
    .option("--logprobs <n>", "with --json: the n likeliest tokens at each step", count)
    .action(generate);
}

async function generate(prompt: string | undefined, flags: GenerateFlags): Promise<void> {
  const { json = false } = flags;
  if (flags.logprobs && !json) throw new TextError("--logprobs requires --json: plain text does not show them");
  checkSpeculativeFlags(flags);
  checkBeamFlags(flags);
  resolveOptions(samplingOptions(flags), {}, 1); // options out of range are reported before the model is loaded
  const kind = flags.model === "" ? "decoder" : (await folderKind(flags.model)).kind;
  if (kind === "encoder") {
    const instead = "embed, fill-mask, classify, answer and hidden take it";
    throw new TextError(`${flags.model} is an encoder, which writes no text: ${instead}`);
  }
  if (kind === "encoder-decoder") {
    if (flags.lora !== undefined) throw new TextError("--lora: expected a decoder, which adapters are for");
    return await (await import("./sequence.ts")).generateSequence(prompt, flags);
  }
  using opened = await openModel(flags);
  const { model, load } = opened;
  using interrupt = makeInterrupt();
  const reader = new AbortController();
  onReaderGone(() => reader.abort());
  const draft = flags.draftModel === undefined ? undefined : await opened.another(flags.draftModel);
  const options = { ...samplingOptions(flags, draft), signal: AbortSignal.any([interrupt.signal, reader.signal]) };
  const text = prompt ?? defaultPrompt(model);
  const ids = flags.chat ? chatTokens(model, text) : promptTokens(model, text);
  using session = model.session();
  const generation = session.generate(ids, options);
  const compileStart = performance.now();
  // A search has its own programs, compiled in its first steps.
  if ((flags.beams ?? 1) <= 1) {
    await withProgress("compiling", json, (report) => compile(session, ids.length, options, report));
  }
  const compiled = performance.now() - compileStart;
  await interrupt.watch();

  const pieces: Piece[] = [];
  const flow = process.stdout.isTTY ? createTextFlow(() => lineColumns(process.stdout)) : (piece: string) => piece;
  // The prompt is printed for people; programs already have it.
  if (!json && process.stdout.isTTY && !flags.chat) await print(bold(flow(text), process.stdout));
  for await (const piece of generation) {
    if (json) pieces.push(piece);
    else await print(flow(piece.text));
  }
  const result = await generation.result;
  const timings = { load, compile: compiled + result.timings.compile };
  if (json) return await printJson(generationJson(model, result, timings, pieces));
  await print(process.stdout.isTTY && process.stderr.isTTY ? "\n\n" : "\n");
  if (!reader.signal.aborted) say(generationFigures(model, result, lineColumns()));
}

/** The fields of `GenerationOptions` among the flags. */
function samplingOptions(flags: GenerateFlags, draft?: LanguageModel): GenerationOptions {
  const { maxTokens, temperature, topK, topP, minP, seed, ignoreEos, stop, logprobs, guard } = flags;
  const { repetitionPenalty, presencePenalty, frequencyPenalty } = flags;
  const penalties = { repetitionPenalty, presencePenalty, frequencyPenalty };
  const sampling = { maxTokens, temperature, topK, topP, minP, ...penalties, seed, ignoreEos, stop, logprobs, guard };
  return { ...sampling, ...beamOptions(flags), speculative: speculativeOption(flags, draft) };
}

function speculativeOption({ lookup, draftMax }: GenerateFlags, draft?: LanguageModel): Speculative | undefined {
  if (draft) return { kind: "draft", model: draft, tokens: draftMax };
  return lookup === undefined ? undefined : { kind: "prompt-lookup", tokens: lookup };
}

/** Compiles everything for the first token. Progress counts whole programs, since drivers compile on the first run. */
async function compile(session: Session, tokens: number, options: GenerationOptions, report: Report): Promise<void> {
  const { state, model } = session;
  const resolved = resolveOptions(options, model.defaults.options, 1);
  const kind = samplingKind(resolved);
  const programs = [
    () => state.warmPrefill(tokens, kind.guard),
    () => state.bound("sample", tokens, kind),
    () => state.bound("decode", tokens, kind),
    () => session.warm(tokens, options), // the rest
  ];
  for (const [index, program] of programs.entries()) {
    report({ done: index, total: programs.length });
    await program();
  }
}

function promptTokens({ tokenizer }: LanguageModel, prompt: string): number[] {
  const ids = tokenizer.encode(prompt);
  if (ids.length === 0) throw new TextError("the prompt is empty, and the tokenizer puts no token in front");
  return ids;
}

function chatTokens({ name, chatTemplate, tokenizer }: LanguageModel, message: string): number[] {
  if (!chatTemplate) throw new TextError(`${name} has no chat template: leave --chat out to continue the text itself`);
  const text = chatTemplate.render([{ role: "user", content: message }]);
  return tokenizer.encode(text, { addSpecialTokens: false }); // the template adds them
}

/** A default prompt for the bundled models, by voice. */
function defaultPrompt({ name, tokenizer }: LanguageModel): string {
  if (tokenizer.idOf("<|whale|>") !== undefined) return "<|whale|>The sea";
  throw new TextError(`${name} needs a prompt: shaderformer generate "a text" --model ${name}`);
}
