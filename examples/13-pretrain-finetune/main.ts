// What pre-training is worth: voices-encoder learns three tasks from few labels and from many, against the same net without
// pre-training and against word models. Runs that the file of results has are not run again.
//   npm run example -- 13 [CORPUS] [--tasks voice,capitals,follows] [--nets pre-trained,fresh] [--sizes 20,200]
//     [--seeds 0,1] [--out FILE] [--test N] [--steps N] [--dev [--rates 3e-4,1e-3]]
import { parseArgs } from "node:util";
import { type Gpu, openGpu } from "shaderformer";
import { type Examples, fineTuned, type Learning } from "./encoders.ts";
import { isSame, percent, type Run, readRuns, tableOf, writeRuns } from "./runs.ts";
import { type Net, rateOf, settings, stepsFor } from "./settings.ts";
import { type Task, tasks } from "./tasks.ts";
import { readSentences } from "./texts.ts";
import { trainedWords } from "./words.ts";

const { values, positionals } = parseArgs({
  args: process.argv.slice(3),
  allowPositionals: true,
  options: {
    tasks: { type: "string" },
    nets: { type: "string" },
    sizes: { type: "string" },
    seeds: { type: "string", default: "0,1,2" },
    model: { type: "string", default: "examples/models/voices-encoder" },
    out: { type: "string" },
    test: { type: "string" },
    steps: { type: "string" },
    dev: { type: "boolean", default: false },
    rates: { type: "string" },
  },
});

/** The names in a list, each one of those known. */
function chosen<T extends string>(option: string, list: string | undefined, known: readonly T[]): readonly T[] {
  if (list === undefined) return known;
  return list.split(",").map((name) => {
    const found = known.find((one) => one === name);
    if (found !== undefined) return found;
    throw new Error(`${option} has ${name}, expected some of ${known.join(", ")}`);
  });
}

/** The numbers in a list. */
function numbersOf(option: string, list: string, what: string, isRight: (number: number) => boolean) {
  return list.split(",").map((word) => {
    const number = Number(word);
    if (word !== "" && isRight(number)) return number;
    throw new Error(`${option} has ${word}, expected ${what}`);
  });
}
const wholeNumbers = (option: string, list: string, least: number) =>
  numbersOf(option, list, `whole numbers from ${least}`, (number) => Number.isInteger(number) && number >= least);

const nets = chosen("--nets", values.nets, Object.keys(settings) as Net[]);
const names = chosen(
  "--tasks",
  values.tasks,
  tasks.map(({ name }) => name),
);
const [own] = positionals;
const corpus = own ?? "examples/13-pretrain-finetune/texts";
const sizes = wholeNumbers("--sizes", values.sizes ?? (own === undefined ? "20" : "20,200,2000"), 1);
const seeds = wholeNumbers("--seeds", values.seeds, 0);
const [testSize = 0] = wholeNumbers("--test", values.test ?? (own === undefined ? "80" : "320"), 1);
const [steps] = values.steps === undefined ? [] : wholeNumbers("--steps", values.steps, 1);
const { dev } = values;
const tried = values.rates && numbersOf("--rates", values.rates, "rates above 0", (number) => number > 0);
const out = values.out ?? `.cache/pretrain-finetune/${dev ? "search" : "results"}.json`;

const heldOut = readSentences(corpus, "val");
const known = new Set(heldOut.map(({ text }) => text));
const others = readSentences(corpus, "train").filter(({ text }) => !known.has(text));
/** Rates are chosen on a tenth of the documents to train on; those held out are for results alone. */
const isDev = (document: string) => Number(document.split(" ")[1]) % 10 === 0;
const training = others.filter(({ document }) => !isDev(document));
const testing = dev ? others.filter(({ document }) => isDev(document)) : heldOut;

/** A net's predictions after it has learnt examples. */
function predictions(gpu: Gpu, net: Net, task: Task, learning: Learning, examples: Examples) {
  if (net === "bag of words" || net === "word vectors") return trainedWords(gpu, net, task, learning, examples);
  return fineTuned(gpu, { folder: values.model, isPretrained: net === "pre-trained" }, task, learning, examples);
}

/** The runs of a task and a net. */
const planned = (task: Task, net: Net) =>
  sizes.flatMap((size) =>
    seeds.flatMap((seed) => {
      const usual = rateOf(net, task);
      const own = usual === undefined ? [] : tried || [usual];
      const of = { task: task.name, net, size, seed, steps: steps ?? stepsFor(size), batch: settings[net].batch };
      return own.map((learningRate) => ({ ...of, learningRate }));
    }),
  );

const gpu = await openGpu();
const runs = [...readRuns(out)];
for (const task of tasks.filter(({ name }) => names.includes(name))) {
  // The same for all runs.
  const test = task.examples(testing, testSize, 0);
  for (const given of nets.flatMap((net) => planned(task, net))) {
    if (runs.some((run) => isSame(run, given))) continue;
    const { net, size, seed, learningRate } = given;
    const begun = performance.now();
    const examples = { train: task.examples(training, size, 1 + seed), test };
    const predicted = await predictions(gpu, net, task, given, examples);
    const seconds = Math.round((performance.now() - begun) / 100) / 10;
    const run: Run = { ...given, score: Number(task.score(test, predicted).toFixed(4)), seconds };
    runs.push(run);
    writeRuns(out, runs);
    const what = `${task.name}, ${net}, ${size} examples, seed ${seed}, rate ${learningRate}`;
    console.log(`${what}: ${percent(run.score)} %, ${seconds} s`);
  }
}
gpu.close();
if (!dev) console.log(`\n${tableOf(runs)}`);
