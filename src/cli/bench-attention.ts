import { Command } from "commander";
import {
  addBenchOptions,
  type BenchFlags,
  benchAndPrint,
  commandOptions,
  loadBench,
  timingOf,
} from "./bench-output.ts";

interface AttentionFlags extends BenchFlags {
  readonly variants?: string;
  readonly masks?: string;
  readonly score?: string;
  readonly heads?: string;
  readonly dtype?: string;
  readonly model?: string;
  readonly sweep?: string;
  readonly tokens?: string;
  readonly rotate?: boolean;
}

/** Inputs that take turns are together larger than any last-level cache. */
const rotateBytes = 256 << 20;

/** `shaderformer bench attention`. */
export function attentionBench(): Command {
  const command = new Command("attention")
    .summary("variants of attention on the same inputs")
    .description(
      "Measure variants of attention on the same inputs. A batch is written as (<n>)q<queries>(k)(s<keys>(k)), joined " +
        "by _: q2k is a prefill, 8q1s1k eight decode steps over 1,024 keys, q1ks2k a chunk of a prefill, " +
        "2q2k_32q1s1k a mixture. Without batches a standard set is measured.",
    )
    .argument("[batches...]", "batches, such as q512 8q1s1k")
    .optionsGroup("What to measure; lists are separated by commas:")
    .option("--variants <list>", "variants (default: all)")
    .option("--masks <list>", "full, causal, sliding-window:keys, … (default: causal)")
    .option("--score <name>", "none, softcap:cap")
    .option("--heads <list>", "query heads / key and value heads x width: 32/8x64 (default: 8x64)")
    .option("--dtype <list>", "type of q, k and v: f32, f16, bf16, int8")
    .option("--model <list>", "heads, mask and score of a model: GPT-2, Llama-3.2-1B, …")
    .option("--sweep <name>", "a set of cases that answers a question: tokens, crossover, …")
    .option("--tokens <n>", "tokens of a batch in the sweep of tokens: 16k")
    .option("--rotate", "inputs take turns, so that no cache holds them");
  return addBenchOptions(command).action(measure);
}

const list = (text: string | undefined): string[] | undefined => text?.split(",").map((part) => part.trim());

async function measure(batches: readonly string[], flags: AttentionFlags): Promise<void> {
  const bench = await loadBench();
  const { timing, clock } = timingOf(bench, flags);
  // Everything that can be wrong with the words is said before a device is opened.
  const sweep = flags.sweep === undefined ? undefined : bench.findSweep(flags.sweep);
  if (sweep && batches.length > 0) throw new RangeError("a sweep has batches of its own; give --sweep or batches");
  const tokens = flags.tokens === undefined ? undefined : bench.parseLength(flags.tokens, "--tokens");
  if (tokens !== undefined && flags.sweep !== "tokens") throw new RangeError("--tokens goes with --sweep tokens");
  const named = list(flags.variants)?.map(bench.parseSubject);
  const words = combinations(batches, flags);
  const texts = words ?? (sweep ? [] : bench.standardCases);
  const given = texts.map(bench.attentionCase);
  for (const mask of list(flags.masks) ?? []) bench.parseMask(mask);
  for (const heads of list(flags.heads) ?? []) bench.parseHeads(heads);

  await benchAndPrint(bench, flags, async (gpu, events) => {
    const { software } = gpu.adapter;
    const options = { software, heads: flags.heads, mask: flags.masks, tokens };
    const cases = sweep ? sweep.cases(options).map(bench.attentionCase) : given;
    const subjects = named ?? sweep?.subjects?.(options).map(bench.parseSubject) ?? bench.everySubject();
    const plan = {
      ...{ cases, subjects, timing, clock: clock ?? bench.clockFor(gpu), peaks: true },
      rotateBytes: flags.rotate ? rotateBytes : 0,
      commandOptions: commandOptions(flags),
    };
    const result = await bench.runAttentionBench(gpu, plan, events);
    return sweep ? { ...result, question: sweep.question, answers: sweep.answers(result.rows) } : result;
  });
}

/** Every batch with every model, heads, mask and type that is named; undefined where nothing is. */
function combinations(batches: readonly string[], flags: AttentionFlags) {
  if (flags.sweep !== undefined) return undefined;
  const { score } = flags;
  const alone = [flags.masks, score, flags.heads, flags.dtype, flags.model].every((flag) => flag === undefined);
  if (batches.length === 0 && alone) return undefined;
  const over = (text: string | undefined): (string | undefined)[] => list(text) ?? [undefined];
  return (batches.length > 0 ? batches : ["q256", "q1s1k"]).flatMap((batch) =>
    over(flags.model).flatMap((model) =>
      over(flags.heads).flatMap((heads) =>
        over(flags.masks).flatMap((mask) =>
          over(flags.dtype).map((dtype) => ({ batch, model, heads, mask, dtype, score })),
        ),
      ),
    ),
  );
}
