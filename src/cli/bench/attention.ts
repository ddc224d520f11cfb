import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Command } from "commander";
import { fill } from "../terminal.ts";
import {
  addBenchOptions,
  type Bench,
  type BenchFlags,
  benchAndPrint,
  commandOptions,
  loadBench,
  timingOf,
} from "./output.ts";

type CaseText = Parameters<Bench["attentionCase"]>[0];

interface AttentionFlags extends BenchFlags {
  readonly variants?: string;
  readonly masks?: string;
  readonly scores?: string;
  readonly layouts?: string;
  readonly heads?: string;
  readonly dtype?: string;
  readonly model?: string;
  readonly sweep?: string;
  readonly tokens?: string;
  readonly rotate?: boolean;
  readonly backward?: boolean;
}

/** Alternating inputs together exceed any last-level cache. */
const rotateBytes = 256 << 20;

/** The values of the options, for the end of the help. */
function choicesOf(bench: Bench): string {
  const choices = {
    variants: [...bench.everySubject().map(({ name }) => name), "splitK:splits", "splitSubgroups:splits"],
    algorithms: bench.algorithmNames,
    masks: bench.maskForms,
    scores: bench.scoreForms,
    layouts: bench.layoutForms,
    dtype: bench.cacheFormats,
    model: Object.keys(bench.presets),
  };
  const named = Object.entries(choices).map(([name, items]) => `  ${name}:\n${fill(items, ", ", 80, " ".repeat(4))}`);
  const widest = Math.max(...Object.keys(bench.sweeps).map(({ length }) => length));
  const sweeps = Object.entries(bench.sweeps).map(([name, { question }]) => `  ${name.padEnd(widest)}  ${question}`);
  return ["", "Values of the options; algorithms are among the variants:", ...named, "", "Sweeps:", ...sweeps].join(
    "\n",
  );
}

/** `shaderformer bench attention`. */
export async function attentionBench(): Promise<Command> {
  const choices = choicesOf(await loadBench());
  const command = new Command("attention")
    .summary("variants of attention on the same inputs")
    .description(
      "Measure variants of attention on the same inputs. A batch is written as (<n>)q<queries>(k)(s<keys>(k)), joined " +
        "by _: q2k is a prefill, 8q1s1k eight decode steps over 1,024 keys, q1ks2k a chunk of a prefill, " +
        "2q2k_32q1s1k a mixture. Without batches a standard set is measured.",
    )
    .argument("[batches...]", "batches, such as q512 8q1s1k")
    .optionsGroup("What to measure; lists are separated by commas:")
    .option("--variants <list>", "variants and algorithms (default: all that apply)")
    .option("--masks <list>", "sliding-window:keys, ./mine.mjs, …; joined by + (default: causal)")
    .option("--scores <list>", "softcap:cap, ./mine.mjs, …; chained by + (default: none)")
    .option("--layouts <list>", "layouts of keys and values (default: contiguous)")
    .option("--dtype <list>", "types of keys and values (default: f32)")
    .option("--heads <list>", "query heads / key and value heads x width: 32/8x64 (default: 8x64)")
    .option("--model <list>", "heads, mask and score of a model")
    .option("--sweep <name>", "a set of cases that answers a question")
    .option("--tokens <n>", "tokens of a batch in the sweep of that name: 16k")
    .option("--backward", "its gradients: the forward pass, variants of the backward pass, and both together")
    .option("--rotate", "alternate between inputs, so that no cache holds them")
    .addHelpText("after", choices);
  return addBenchOptions(command).action(measure);
}

const list = (text: string | undefined): string[] | undefined => text?.split(",").map((part) => part.trim());

async function measure(batches: readonly string[], flags: AttentionFlags): Promise<void> {
  const bench = await loadBench();
  const { timing, clock } = timingOf(bench, flags);
  // All arguments are checked before a device is opened.
  const sweep = flags.sweep === undefined ? undefined : bench.findSweep(flags.sweep);
  if (sweep && batches.length > 0)
    throw new RangeError("a sweep defines its batches; give --sweep or batches, not both");
  const tokens = flags.tokens === undefined ? undefined : bench.parseLength(flags.tokens, "--tokens");
  if (tokens !== undefined && flags.sweep !== "tokens") throw new RangeError("--tokens goes with --sweep tokens");
  if (flags.backward)
    for (const name of ["sweep", "layouts", "rotate"] as const) {
      if (flags[name] !== undefined) throw new RangeError(`--${name} does not go with --backward`);
    }
  const gradients = flags.backward ? list(flags.variants)?.map(bench.parseVariant) : undefined;
  const named = flags.backward ? undefined : list(flags.variants)?.map(bench.parseSubject);
  if (sweep) checkSweep(sweep, flags);
  const masks = await loadOwn<OwnMask>(bench, "mask", list(flags.masks));
  if (sweep && masks.texts && masks.texts.length > 1) {
    throw new RangeError(`--masks is "${flags.masks}", which is ${masks.texts.length} masks; a sweep takes one`);
  }
  const scores = await loadOwn<OwnScore>(bench, "score", list(flags.scores));
  const own = { masks: masks.own, scores: scores.own };
  const caseOf = (text: CaseText) => bench.attentionCase(text, own);
  const words = combinations(batches, flags, { masks: masks.texts, scores: scores.texts });
  const standard = flags.backward ? bench.standardBackwardCases : bench.standardCases;
  const given = (words ?? (sweep ? [] : standard)).map(caseOf);
  for (const mask of masks.texts ?? []) bench.parseMask(mask, own.masks);
  for (const heads of list(flags.heads) ?? []) bench.parseHeads(heads);

  await benchAndPrint(bench, flags, async (gpu, events) => {
    if (flags.backward) {
      const plan = {
        cases: given,
        variants: gradients,
        timing,
        clock: clock ?? bench.clockFor(gpu),
        peaks: flags.peaks,
        rotateBytes: 0,
        commandOptions: commandOptions(flags),
      };
      const result = await bench.runBackwardBench(gpu, plan, events);
      return { ...result, question: bench.backwardQuestion, answers: bench.backwardAnswers(result.rows) };
    }
    const { software } = gpu.adapter;
    const options = { software, heads: flags.heads, mask: masks.texts?.[0], tokens };
    const cases = sweep ? sweep.cases(options).map(caseOf) : given;
    const plan = {
      cases,
      subjects: named ?? sweep?.subjects?.(options).map(bench.parseSubject),
      timing,
      clock: clock ?? bench.clockFor(gpu),
      peaks: flags.peaks,
      rotateBytes: flags.rotate ? rotateBytes : 0,
      commandOptions: commandOptions(flags),
    };
    const result = await bench.runAttentionBench(gpu, plan, events);
    return sweep ? { ...result, question: sweep.question, answers: sweep.answers(result.rows) } : result;
  });
}

/** Throws a RangeError for options that a sweep does not use. */
function checkSweep({ own = [] }: ReturnType<Bench["findSweep"]>, flags: AttentionFlags): void {
  for (const name of ["scores", "layouts", "dtype", "model", ...own] as const) {
    if (flags[name] !== undefined)
      throw new RangeError(`this sweep defines its ${name}; give --sweep or --${name}, not both`);
  }
  for (const name of ["masks", "heads"] as const) {
    if (flags[name]?.includes(",")) throw new RangeError(`--${name} is "${flags[name]}", a sweep takes one`);
  }
}

/** Every batch with every named model, heads, mask, score, layout and type; undefined if none is named. */
function combinations(
  batches: readonly string[],
  flags: AttentionFlags,
  { masks, scores }: Readonly<Record<"masks" | "scores", readonly string[] | undefined>>,
) {
  if (flags.sweep !== undefined) return undefined;
  const { layouts, heads, dtype, model } = flags;
  const alone = [masks, scores, layouts, heads, dtype, model].every((flag) => flag === undefined);
  if (batches.length === 0 && alone) return undefined;
  let cases: CaseText[] = (batches.length > 0 ? batches : ["q256", "q1s1k"]).map((batch) => ({ batch }));
  const lists = {
    model: list(model),
    heads: list(heads),
    mask: masks,
    score: scores,
    layout: list(layouts),
    dtype: list(dtype),
  };
  for (const [field, values] of Object.entries(lists)) {
    if (values) cases = cases.flatMap((given) => values.map((value) => ({ ...given, [field]: value })));
  }
  return cases;
}

// `--masks ./mine.mjs` and `--scores ./mine.mjs`: custom masks and scores from an ES module.

type Own = Parameters<Bench["attentionCase"]>[1] & object;
type In<M> = M extends ReadonlyMap<string, infer D> ? D : never;
export type OwnMask = In<Own["masks"]>;
export type OwnScore = In<Own["scores"]>;

/** `./mine.mjs`, or `./mine.mjs:name` for one of several exports. */
const fileAndName = /^(.+\.(?:mjs|js|mts|ts))(?::([\w-]+))?$/;

/**
 * The texts with each module replaced by its exports, one text per mask or score, and these by text. Throws a
 * RangeError for a module that cannot be loaded or exports something else.
 */
export async function loadOwn<D extends OwnMask | OwnScore>(
  bench: Bench,
  what: "mask" | "score",
  texts: readonly string[] | undefined,
): Promise<{ readonly texts: readonly string[] | undefined; readonly own: ReadonlyMap<string, D> }> {
  const own = new Map<string, D>();
  const expanded: string[] = [];
  for (const text of texts ?? []) {
    let joined: string[][] = [[]];
    for (const part of text.split("+")) {
      const [, file, name] = fileAndName.exec(part) ?? [];
      const found = file === undefined ? undefined : bench.readOwn<D>(what, file, await load(file));
      for (const [named, description] of found ?? []) own.set(named, description);
      const all = found ? [...found.keys()] : [part];
      const chosen = name === undefined ? all : all.filter((one) => one === part);
      if (chosen.length === 0) throw new RangeError(`${file} exports no ${what} ${name}; it has ${all.join(", ")}`);
      joined = joined.flatMap((before) => chosen.map((one) => [...before, one]));
    }
    expanded.push(...joined.map((parts) => parts.join("+")));
  }
  return { texts: texts && expanded, own };
}

async function load(file: string): Promise<unknown> {
  try {
    const module = (await import(pathToFileURL(resolve(file)).href)) as { readonly default?: unknown };
    return module.default;
  } catch (error) {
    throw new RangeError(`${file} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`);
  }
}
