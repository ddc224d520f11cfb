import { Command, Option } from "commander";
import { openModel as openSource } from "../../formats/hub.ts";
import type { LanguageModel } from "../../generate/language-model.ts";
import { probe } from "../../generate/look/inspection.ts";
import { memoryUse } from "../../gpu/device/memory-use.ts";
import { TextError } from "../../text/text-error.ts";
import type { Tokenizer } from "../../text/tokenizer.ts";
import { type Recompute, recomputes } from "../../train/objectives/objective.ts";
import { openTrainable } from "../../train/open/open-trainable.ts";
import { Trainer } from "../../train/trainer/trainer.ts";
import { count, integers, positive, repeated } from "../arguments.ts";
import { addModelOptions, type DeviceFlags } from "../model/model-options.ts";
import { openDevice } from "../model/open-device.ts";
import { folderKind } from "../model/open-encoder-decoder.ts";
import { openModel } from "../model/open-model.ts";
import { storedJson, storedText } from "../model/stored-weights.ts";
import { print, printJson, say } from "../output.ts";
import { withProgress } from "../progress.ts";
import { fill, tableColumns } from "../terminal.ts";
import { quantity } from "../units.ts";
import { type AttentionFlags, checkAttentionFlags, showAlignment } from "./alignment.ts";
import { profilePrograms } from "./profile.ts";
import { programReport, programReports } from "./program-report.ts";
import { gradientTable, programTable } from "./program-table.ts";
import { knownTaps, runTapped, tensorText } from "./tensor-text.ts";

interface InspectFlags extends AttentionFlags {
  readonly tokens?: readonly number[];
  readonly all?: boolean;
  readonly tap?: readonly string[];
  readonly program?: boolean;
  readonly profile?: boolean;
  readonly backward?: boolean;
  readonly recompute?: Recompute;
  readonly probe?: boolean;
}

/** `shaderformer inspect`: what a model computes, and how. */
export function inspectCommand(): Command {
  const command = new Command("inspect")
    .description("Show what a model computes for given tokens, and by which dispatches.")
    .optionsGroup("What to run:")
    .option("--tokens <ids>", "token ids, separated by commas", integers)
    .option("--prompt <text>", "a text instead of ids")
    .optionsGroup("What to show (default: the logits of the last position):")
    .option("--all", "logits of every position")
    .option("--tap <name>", "an inner tensor, such as layer.0.attention.q; may be repeated", repeated)
    .option("--probe", "the first layer and op whose result is NaN or infinite, if there is one")
    .option("--program", "every call and dispatch of a prefill and of a decode step")
    .option("--backward", "with --program: of a training step, with the calls that compute each call's gradient")
    .addOption(
      new Option("--recompute <what>", "with --backward: recompute this of each layer for its gradients").choices(
        recomputes,
      ),
    )
    .option("--profile", "the same with the GPU's time for each dispatch")
    .optionsGroup("Encoder-decoders:")
    .option(
      "--attention [text]",
      "what is written from the text, greedily, and how much each token of it attends to the text's",
    )
    .option("--layer <n>", "with --attention: of this layer of the decoder (default: the mean of all)", count)
    .option("--head <n>", "with --attention: of this head (default: the mean of all)", count)
    .option("-n, --max-tokens <n>", "with --attention: maximum number of tokens to write", positive);
  return addModelOptions(command).action(inspect);
}

async function inspect(flags: InspectFlags): Promise<void> {
  checkAttentionFlags(flags);
  if (flags.attention !== undefined) return await showAlignment(flags);
  const wantsProgram = flags.program || flags.profile;
  if (flags.backward && !flags.program) throw new TextError("--backward: expected --program, whose calls it shows");
  if (flags.backward && flags.profile)
    throw new TextError("--profile: times a prefill and a decode step, not --backward");
  if (flags.recompute && !flags.backward) throw new TextError("--recompute: expected --program --backward");
  if (flags.backward) return await showTraining(flags, flags.tokens?.length ?? shownPrefill);
  if (flags.tokens && flags.prompt !== undefined) throw new TextError("give --tokens or --prompt, not both");
  if (!wantsProgram && !flags.tokens && flags.prompt === undefined) {
    throw new TextError("give --tokens, such as --tokens 0,2,17, or --prompt");
  }
  if (flags.model !== "" && (await folderKind(flags.model)).kind === "encoder-decoder") {
    const instead = `inspect --attention "a text" --model ${flags.model}`;
    throw new TextError(`${flags.model} is an encoder-decoder, which is inspected by its attention: ${instead}`);
  }
  using opened = await openModel(flags);
  const { model } = opened;
  const ids = tokensFor(model, flags);
  if (flags.probe) await showProbe(model, ids, flags);
  else await (wantsProgram ? showProgram(model, ids, flags) : showValues(model, ids, flags));
  if (!flags.json) say(`${model.gpu.adapter.label} · ${storedText(model)}`);
}

/** Tokens of the prefill that `--program` shows by default. */
const shownPrefill = 16;

function tokensFor({ tokenizer, decoder, context }: LanguageModel, { tokens, prompt }: InspectFlags): number[] {
  const { vocabulary } = decoder.config;
  const standIn = new Array<number>(Math.min(shownPrefill, context)).fill(tokenizer.bos ?? 0);
  const ids = tokens ? [...tokens] : prompt === undefined ? standIn : tokenizer.encode(prompt);
  if (ids.length === 0) throw new TextError("the prompt is empty, and the tokenizer puts no token in front");
  const wrong = ids.find((id) => id >= vocabulary);
  if (wrong !== undefined) {
    throw new TextError(`token id ${wrong} is outside of the model's vocabulary of ${vocabulary} tokens`);
  }
  if (ids.length > context) {
    throw new TextError(`the prompt has ${ids.length} tokens, more than the context of ${context}`);
  }
  return ids;
}

async function showValues(model: LanguageModel, ids: readonly number[], flags: InspectFlags): Promise<void> {
  const { json = false, all = false, tap: names = [] } = flags;
  const known = names.length > 0 ? knownTaps(model) : [];
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new TextError(`there is no tap "${unknown}"; there are ${shortList(known, model.decoder.config.layers)}`);
  }
  const { logits, taps } = await withProgress("computing", json, () => runTapped(model, ids, all, names));
  if (json) {
    return await printJson({
      weights: storedJson(model),
      logits: logits.map((row) => [...row]),
      ...(names.length > 0 && {
        taps: Object.fromEntries([...taps].map(([name, { shape, values }]) => [name, { shape, values: [...values] }])),
      }),
    });
  }
  for (const [name, tensor] of taps) await print(tensorText(name, tensor, tableColumns()));
  if (names.length === 0) await print(logitsTable(model.tokenizer, ids, logits));
}

/** The first result that is not finite, or a line that all are finite. */
async function showProbe(model: LanguageModel, ids: readonly number[], { json = false }: InspectFlags): Promise<void> {
  using session = model.session();
  const fault = await withProgress("probing", json, () => probe(session.state, ids));
  if (json) return await printJson({ fault: fault ? { ...fault, value: String(fault.value) } : null });
  if (!fault) return await print("all results are finite");
  const { block, op, variant, tensor, shape, element, value } = fault;
  const name = variant === op ? op : `${op}/${variant}`;
  await print(
    `${block}: ${name}: ${tensor} [${shape.join(", ")}] is ${value} at element ${element}; what comes before is finite`,
  );
}

/** Names of taps, with the layers as a range, since all layers have the same. */
function shortList(names: readonly string[], layers: number): string {
  const range = layers > 1 ? `layer.0…${layers - 1}` : "layer.0";
  return names
    .filter((name) => !name.startsWith("layer.") || name.startsWith("layer.0."))
    .map((name) => name.replace(/^layer\.0/, range))
    .join(", ");
}

async function showProgram(model: LanguageModel, ids: readonly number[], flags: InspectFlags): Promise<void> {
  const { json = false, profile = false } = flags;
  const times = profile
    ? await withProgress("profiling", json, (report) => profilePrograms(model, ids, report))
    : undefined;
  const reports = programReports(model, ids.length, times);
  if (json) return await printJson(reports);
  const columns = tableColumns();
  await print(`${programTable(`prefill of ${ids.length} tokens`, reports.prefill, columns)}\n`);
  await print(programTable(`decode step after ${ids.length} tokens`, reports.decode, columns));
  if (profile) say(fill(["GPU times are medians of several runs, with one pass per dispatch"], "", columns));
}

/** Number of likely tokens shown for one position, and for each of several. */
const shownForOne = 10;
const shownForEach = 3;

/** Formats the likeliest next tokens: at the last position, or at each. */
function logitsTable(tokenizer: Tokenizer, ids: readonly number[], rows: readonly Float64Array[]): string {
  const text = (id: number) => JSON.stringify(tokenizer.decode([id], { skipSpecialTokens: false }));
  const several = rows.length > 1;
  const lines: string[] = [];
  rows.forEach((row, index) => {
    const position = several ? index : ids.length - 1;
    lines.push(`position ${position}, after ${text(ids[position] ?? 0)}`);
    lines.push("     id      logit  probability");
    for (const { id, logit, probability } of likeliest(row, several ? shownForEach : shownForOne)) {
      const share = `${(100 * probability).toFixed(2)} %`;
      lines.push(`${String(id).padStart(7)} ${logit.toFixed(4).padStart(10)} ${share.padStart(12)}  ${text(id)}`);
    }
  });
  return `${lines.join("\n")}\n`;
}

function likeliest(logits: Float64Array, count: number) {
  const highest = logits.reduce((most, logit) => Math.max(most, logit), Number.NEGATIVE_INFINITY);
  const total = logits.reduce((sum, logit) => sum + Math.exp(logit - highest), 0);
  return [...logits.keys()]
    .sort((a, b) => (logits[b] ?? 0) - (logits[a] ?? 0))
    .slice(0, count)
    .map((id) => {
      const logit = logits[id] ?? 0;
      return { id, logit, probability: Math.exp(logit - highest) / total };
    });
}

interface TrainingFlags extends DeviceFlags {
  readonly model: string;
  readonly recompute?: Recompute;
  readonly json?: boolean;
}

/** `inspect --backward`: a training step on one sequence of so many tokens, with the gradients of each call. */
async function showTraining(flags: TrainingFlags, tokens: number): Promise<void> {
  const { model, recompute, json = false } = flags;
  const source = await openSource(model, { onWarning: say });
  using gpu = await openDevice(flags);
  const trainable = await withProgress("loading", json, (onProgress) =>
    openTrainable(gpu, source, { onProgress, onWarning: (warning) => say(`warning: ${warning}`) }),
  );
  const { decoder, objective, parameters } = trainable;
  const { context } = decoder.config;
  if (tokens > context) throw new TextError(`a sequence of ${tokens} tokens is longer than the context of ${context}`);
  const trainer = new Trainer(objective, parameters, { schedule: () => 1e-3, recompute });
  const program = trainer.program({ batch: 1, context: tokens });
  const report = programReport(program, [], tokens);
  const { planned, peak, saved, savedByBlock } = memoryUse(program);
  if (json) {
    const memory = { planned, peak, saved, savedByBlock: Object.fromEntries(savedByBlock) };
    await printJson({ training: { ...report, memory } });
  } else {
    const columns = tableColumns();
    await print(gradientTable(`training step on ${tokens} tokens`, report, columns));
    const figures = [
      `memory of temporaries: planned ${quantity(planned, "B")}`,
      `at least ${quantity(peak, "B")} at one call`,
      `${quantity(saved, "B")} kept from the forward pass for gradients`,
    ];
    await print(`${fill(figures, ", ", columns)}\n`);
    say(gpu.adapter.label);
  }
  trainer.dispose();
  trainable.dispose();
}
