import { Command } from "commander";
import { weightTypes } from "../../kernels/formats/formats.ts";
import { experts } from "../../kernels/moe/experts.ts";
import {
  addBenchOptions,
  type Bench,
  type BenchFlags,
  benchAndPrint,
  commandOptions,
  loadBench,
  timingOf,
} from "./output.ts";

interface MoeFlags extends BenchFlags {
  readonly tokens?: string;
  readonly experts?: string;
  readonly k?: string;
  readonly widths?: string;
  readonly routing?: string;
  readonly dtype?: string;
  readonly variants?: string;
}

const variants = Object.keys(experts.variants);

/** `shaderformer bench moe`. */
export function moeBench(): Command {
  const command = new Command("moe")
    .summary("layers of experts, against a loop and all experts")
    .description(
      "Measure layers of experts on the same tokens: all at once (grouped, bounded, vector), one expert after the other " +
        "with the counts given to it (loop), and every expert for every token (dense). Options take lists, separated by " +
        "commas, and all combinations are measured; without any, a standard set.",
    )
    .optionsGroup("What to measure:")
    .option("--tokens <list>", "tokens, 1 for a decode step (default: 128)")
    .option("--experts <list>", "experts (default: 8)")
    .option("--k <list>", "experts per token (default: 2)")
    .option("--widths <list>", "model width x hidden width of an expert (default: 256x256)")
    .option("--routing <list>", "uniform, zipf, or one: all tokens to the same (default: uniform)")
    .option("--dtype <list>", `type of the weights: ${weightTypes.join(", ")} (default: f32)`)
    .option("--variants <list>", `${variants.join(", ")} (default: all)`);
  return addBenchOptions(command).action(measure);
}

async function measure(flags: MoeFlags): Promise<void> {
  const bench = await loadBench();
  const { timing, clock } = timingOf(bench, flags);
  const plan = {
    cases: casesOf(bench, flags),
    variants: variantsOf(flags),
    timing,
    peaks: flags.peaks,
    commandOptions: commandOptions(flags),
  };
  await benchAndPrint(bench, flags, (gpu, events) =>
    bench.runMoeBench(gpu, { ...plan, clock: clock ?? bench.clockFor(gpu) }, events),
  );
}

const items = (text: string) => text.split(",").map((part) => part.trim());

function variantsOf({ variants: text }: MoeFlags): string[] {
  if (text === undefined) return variants;
  const wrong = items(text).find((name) => !variants.includes(name));
  if (wrong !== undefined) throw new RangeError(`there is no variant "${wrong}"; there are ${variants.join(", ")}`);
  return items(text);
}

/** All combinations of the options, or the standard set. Throws a RangeError for invalid values. */
function casesOf(bench: Bench, flags: MoeFlags) {
  const { tokens, experts: counts, k, widths, routing, dtype } = flags;
  if ([tokens, counts, k, widths, routing, dtype].every((text) => text === undefined)) return bench.standardMoeCases;
  const numbers = (name: string, text: string, most: number) =>
    items(text).map((part) => {
      const value = Number(part);
      if (!/^\d+$/.test(part) || value < 1 || value > most) {
        throw new RangeError(`--${name} ${part}: expected an integer from 1 to ${most}`);
      }
      return value;
    });
  const named = <T extends string>(name: string, text: string, known: readonly T[]) =>
    items(text).map((part) => {
      const found = known.find((one) => one === part);
      if (found === undefined) throw new RangeError(`--${name} ${part}: expected ${known.join(", ")}`);
      return found;
    });
  const pairs = items(widths ?? "256x256").map((part) => {
    const [, c = "", f = ""] = /^(\d+)x(\d+)$/.exec(part) ?? [];
    if (!c) throw new RangeError(`--widths ${part}: expected two numbers, such as 256x256`);
    return [...numbers("widths", c, 1 << 14), ...numbers("widths", f, 1 << 16)] as [number, number];
  });
  return numbers("tokens", tokens ?? "128", 1 << 16).flatMap((t) =>
    numbers("experts", counts ?? "8", 1024).flatMap((e) =>
      numbers("k", k ?? "2", 1024).flatMap((choices) => {
        if (choices > e) throw new RangeError(`--k ${choices}: expected at most ${e}, the experts`);
        return pairs.flatMap((pair) =>
          named("routing", routing ?? "uniform", bench.routings).flatMap((kind) =>
            named("dtype", dtype ?? "f32", weightTypes).map((type) => ({
              tokens: t,
              experts: e,
              k: choices,
              widths: pair,
              routing: kind,
              dtype: type,
            })),
          ),
        );
      }),
    ),
  );
}
