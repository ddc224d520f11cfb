import { Command } from "commander";
import { maxDrafted } from "../../generate/speculative/options.ts";
import { number, positive } from "../arguments.ts";
import { makeInterrupt } from "../interrupt.ts";
import { addModelOptions, type ModelFlags } from "../model/model-options.ts";
import { openModel } from "../model/open-model.ts";
import { print, printJson, say } from "../output.ts";
import { statusLine } from "../terminal.ts";
import { loadBench } from "./output.ts";

interface SpeculativeBenchFlags extends ModelFlags {
  readonly draftModel?: string;
  readonly tokens: number;
  readonly maxTokens: number;
  readonly temperature: number;
  readonly repetitions: number;
}

/** A repetitive text, like summaries, edits and code. */
const usualText =
  "The ship was in the bay. The captain said to the mate: the ship is in the bay. The mate said to the crew: the ship is in the bay. The crew said to the captain:";

/** `shaderformer bench speculative`: tokens a second with and without proposed tokens, alternating. */
export function speculativeBench(): Command {
  const command = new Command("speculative")
    .summary("tokens a second with proposed tokens and without")
    .description(
      "Continue a text alternately: without proposed tokens, by prompt lookup, and with --draft-model by a smaller " +
        "model. The tokens are compared first. A text without repetition gives prompt lookup nothing to propose.",
    )
    .argument("[prompt]", "the text to continue", usualText)
    .optionsGroup("What to measure:")
    .option("--draft-model <model>", "a smaller model with the same tokens")
    .option("--tokens <n>", `tokens proposed a step, at most ${maxDrafted}`, positive, 3)
    .option("-n, --max-tokens <n>", "tokens to generate", positive, 128)
    .option("-t, --temperature <t>", "0 always takes the likeliest token", number, 0)
    .option("-r, --repetitions <n>", "runs of each, after one that does not count", positive, 5);
  return addModelOptions(command).action(measure);
}

async function measure(prompt: string, flags: SpeculativeBenchFlags): Promise<void> {
  const { tokens, maxTokens, temperature, repetitions, json = false } = flags;
  const { runSpeculativeBench, speculativeTable } = await loadBench();
  using opened = await openModel(flags);
  const { model } = opened;
  const draft = flags.draftModel === undefined ? undefined : await opened.another(flags.draftModel);
  using interrupt = makeInterrupt();
  await interrupt.watch();
  const status = statusLine();
  try {
    const rows = await runSpeculativeBench({
      model,
      maxTokens,
      temperature,
      repetitions,
      signal: interrupt.signal,
      prompt: model.tokenizer.encode(prompt),
      subjects: [
        { name: "none" },
        { name: `prompt lookup, ${tokens}`, speculative: { kind: "prompt-lookup", tokens } },
        ...(draft
          ? [{ name: `${draft.name}, ${tokens}`, speculative: { kind: "draft", model: draft, tokens } } as const]
          : []),
      ],
      onProgress: (what) => status.show(what),
    });
    status.clear();
    const { label } = model.gpu.adapter;
    if (json) await printJson({ model: model.name, adapter: label, maxTokens, temperature, rows });
    else {
      await print(`${speculativeTable(rows)}\n`);
      say(label);
    }
    if (rows.some(({ verdict }) => verdict === "fail")) process.exitCode = 1;
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
  } finally {
    status.clear();
  }
}
