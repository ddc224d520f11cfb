// Every option of every public function, misspelt, missing, of another type, not finite, null and an object; and every
// argument that is a number, a text or a list.
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Encoder, type EncoderDecoder, loadEncoder, loadEncoderDecoder } from "../../src/encoders.ts";
import {
  createEngine,
  type Engine,
  type LanguageModel,
  loadModel,
  type Session,
  setEncoders,
} from "../../src/index.ts";
import { encoderFolder } from "../encoders/encode/golden-encoders.ts";
import { bundledNano } from "../support/bundled.ts";
import { quickEngines, quickGpu } from "../support/devices/gpu.ts";
import { argumentCalls } from "../support/public/public-calls/arguments.ts";
import { checkCalls } from "../support/public/public-calls/check.ts";
import { encoderCalls } from "../support/public/public-calls/encoders.ts";
import { checkedByModel, engineCalls, methodCalls } from "../support/public/public-calls/engine.ts";
import { publicCalls } from "../support/public/public-calls/functions.ts";
import { referenceCalls } from "../support/public/public-calls/reference.ts";
import { trainCalls } from "../support/public/public-calls/train.ts";
import { learner, trainingCalls } from "../support/public/public-calls/training.ts";
import { runCalls } from "../support/public/public-calls/wgsl-run.ts";
import { wordCalls, wordModels } from "../support/public/public-calls/words.ts";
import { readSurface, type Surface } from "../support/public/public-types.ts";
import { takesObjects, takesPlain, throwAtArguments, throwAtOptions } from "../support/public/throw-mistakes.ts";

/** What the library makes, or a caller implements, and is given as a whole: no options. */
const instances = new Set([
  ...["Tensor", "Storage", "Dispatch", "Copy", "Holder", "Shader", "ShaderModule", "RingSchedule", "LayerCache"],
  ...["RingPort", "EnginePort", "FileSource", "CallChecks", "Planes", "TokenConstraint", "ModelCache", "Dense"],
  "Engine",
  "ProposingModel",
  ...[
    "Trainable",
    "TrainableModel",
    "Parameter",
    "TrainedTokenizer",
    "TrainingStep",
    "RowOrder",
    "PlannedProgram",
    "Tokenizer",
    "EncoderTokenizer",
    "Conversation",
    "AnswerTemplate",
    "StoredAdapter",
    "Recurrent",
  ],
]);

/** Functions whose objects are data: parsed files and messages, whose fields are the model's to name. */
const data = new Set([
  ...["parseRopeScaling", "Gpu.group", "uploadPlanes", "ChatTemplate.render", "Session.chat", "LanguageModel.chat"],
]);

/** Functions that are called for every element or pair, or for every dispatch: a check would cost more than they do. */
const inner = new Set([
  ...["at", "element", "dot", "addScaled", "lengthOf", "feature", "ofRow"].map((name) => `reference/${name}`),
  ...["causal", "full", "threefry2x32", "uniform01"].map((name) => `reference/${name}`),
  ...["ulp", "inTurn", "inRuns"].map((name) => `check/${name}`),
  ...["allocate", "upload", "allocateUnpooled", "write", "read", "takeStaging", "group"].map((name) => `Gpu.${name}`),
  ...["time", "run"].map((name) => `Instance.${name}`),
]);

/** Mistakes elsewhere that are values here. */
const valid = new Set([
  "LanguageModel.embed.text a list of a text", // several texts
  "Tokenizer.encodeAtMost.most Infinity", // without a limit
  ...["openUrl", "openModel"].map((name) => `${name}(1).idleTimeout Infinity`), // without a limit
  "maskLengths(2).value -Infinity", // what scores are masked with
  ...["NaN", "Infinity", "-Infinity", "1e39"].map((value) => `reference/fill(1).value ${value}`),
  ...["NaN", "Infinity", "-Infinity", "a fraction", "below 0"].map((value) => `fill.value ${value}`),
  ...["variantsOf", "requirementsOf"].map((name) => `check/${name}(0).variants an object`), // by any names
  "transformerBlock(4).feedForward.router missing", // without a router it is no mixture
  // These count from the last axis, and one length of a shape may follow from the others.
  ...["slice.axis", "concat.axis", "reference/axisFromFirst.axis", "reference/splitAt.axis"].map(
    (path) => `${path} below 0`,
  ),
  ...["reshape.shape a list below 0", "transpose.order a list below 0", "sequenceOffsets.lengths a million lengths"],
  ...["maskOf", "scoreOf"].flatMap((name) =>
    ["below 0", "a list below 0", "a million lengths"].map((value) => `reference/${name}.start ${value}`),
  ),
  ...["normal.seed below 0", "normal.scale a fraction", "normal.scale below 0", "normal.mean a fraction"].map(
    (key) => `check/${key}`,
  ),
  ...[
    "normal.mean below 0",
    "randomSource.seed below 0",
    "limitsOf.allowed a fraction",
    "assertGate.allowed a fraction",
  ].map((key) => `check/${key}`),
  ...["a fraction", "Infinity", "1e39"].map((value) => `check/assertClose.cap ${value}`),
  ...["limitsOf", "assertGate"].map((name) => `check/${name}.allowed a list`), // an element without a number is allowed none
  ...["tokenise", "splitHeldOut"].map((name) => `train/${name}(0)[].content a list`), // a document without tokens
  ...["LanguageModel", "Session"].map((name) => `${name}.generate.prompt a list of a text`), // several prompts
]);

/** Functions that look something up, and answer undefined, false or an empty list where there is nothing. */
const lookups = new Set([
  ...["idOf", "bytesOf", "token", "isSpecial"].map((name) => `Tokenizer.${name}`),
  "Session.tokens",
]);

/** Fields that a function does not read: those of a table's other cases. */
const unread = ["checkCase(1)", "runCase(1)", "missingFeatures(0)"].map((path) => `check/${path}.cases[]`);
const isValid = (key: string) => valid.has(key) || unread.some((path) => key.startsWith(path));

/** Objects that may have more fields than a function reads: a parsed file, an alignment, a case, an op. */
const open = new Set([
  ...["bert(1)", "llama(1)", "gpt1(1)", "gpt2(1)", "imbalance(0)", "paddingEfficiency(0)"].map(
    (path) => `reference/${path}`,
  ),
  ...["hasTag(0)", "withTags(0)", "casesTagged(0)[]", "requirementsOf(0)", "variantsOf(0)"].map(
    (path) => `check/${path}`,
  ),
  ...["step(0)", "step(0)[]", "submit(0)", "submit(0)[]", "evaluate(0)"].map((path) => `train/Trainer.${path}`),
  ...["storedInputs(0)", "uploadedInputs(1)"].map((path) => `check/${path}`),
]);

const classes = [
  "train/Trainer",
  "words/TrainableWordClassifier",
  "Gpu",
  "Tensor",
  "LanguageModel",
  "encoders/Encoder",
  "Session",
  "Generation",
  "Tokenizer",
  "ChatTemplate",
  "Program",
  "Engine",
  "EngineEncoder",
  "EngineEncoderDecoder",
];

quickEngines();
const gpu = await quickGpu();
let surface: Surface;
let model: LanguageModel;
let session: Session;
let encoder: Encoder;
let both: EncoderDecoder;
let engine: Engine;
let learning: Awaited<ReturnType<typeof learner>>;
let ofWords: Awaited<ReturnType<typeof wordModels>>;

beforeAll(async () => {
  const entries = {
    "": "index.ts",
    "attention/": "attention.ts",
    "encoders/": "encoders.ts",
    "train/": "train/index.ts",
    "words/": "words.ts",
    "wgsl-run/": "wgsl-run.ts",
    "reference/": "reference/index.ts",
  };
  const files = Object.entries({ ...entries, "check/": "check/index.ts" }).map(([name, file]) => [name, `src/${file}`]);
  surface = readSurface(Object.fromEntries(files), [...classes, "Instance"], instances);
  model = await loadModel(gpu, bundledNano, { context: 64 });
  session = model.session();
  encoder = await loadEncoder(gpu, encoderFolder("bert"));
  both = await loadEncoderDecoder(gpu, "test/golden/t5");
  learning = await learner(gpu);
  ofWords = await wordModels(gpu);
  engine = await createEngine();
  setEncoders(() => import("../../src/encoders.ts"));
  await engine.load(encoderFolder("bert"), { id: "bert" });
  await engine.load("test/golden/t5", { id: "t5" });
});
afterAll(async () => {
  learning.dispose();
  ofWords.dispose();
  await engine.dispose();
  encoder.dispose();
  both.dispose();
  session.dispose();
  model.dispose();
});

const callsOfEngine = () => ({
  ...engineCalls(engine),
  ...methodCalls(engine, { encoder: "bert", both: "t5" }),
});

const isOfEntry = (name: string, entry: "" | "encoders" | "train" | "words" | "wgsl-run" | "reference" | "check") =>
  entry === "" ? !name.includes("/") : name.startsWith(`${entry}/`);

test("what the entry attention has, the main entry has", () => {
  const own = surface.functions.flatMap(({ name }) => (name.startsWith("attention/") ? [name] : []));
  expect(own.length).toBeGreaterThan(15);
  expect(own.filter((name) => !surface.functions.some((one) => `attention/${one.name}` === name))).toEqual([]);
});

test.each([
  ["", 80],
  ["encoders", 2],
  ["train", 0],
  ["words", 7],
  ["wgsl-run", 0],
  ["reference", 50],
  ["check", 12],
] as const)(
  "every option of every function of shaderformer/%s is checked, and its error names it",
  async (entry, least) => {
    const functions = surface.functions.filter(
      ({ name, signatures }) =>
        isOfEntry(name, entry) &&
        !data.has(name) &&
        !inner.has(name) &&
        !checkedByModel.has(name) &&
        signatures.flat().some(({ type }) => takesObjects(type)),
    );
    expect(functions.length).toBeGreaterThan(least); // they are found at all
    const callsOf = {
      "": () => ({ ...publicCalls(gpu, model, session), ...callsOfEngine() }),
      encoders: () => encoderCalls(gpu, encoder, both),
      train: () => ({ ...trainCalls(gpu), ...trainingCalls(gpu, learning) }),
      words: () => wordCalls(gpu, ofWords),
      "wgsl-run": runCalls,
      reference: referenceCalls,
      check: () => checkCalls(gpu),
    };
    const given = { functions, calls: callsOf[entry](), isValid, open, gpu, name: `options${entry}` };
    const { names, calls, problems } = await throwAtOptions(given);
    expect(problems).toEqual([]);
    console.log(
      `options of shaderformer/${entry}: ${functions.length} functions, ${names} options, ${calls} calls with a mistake, all refused`,
    );
  },
);

test("every argument that is a number, a text or a list is checked, and its error is short and names it", async () => {
  const functions = surface.functions.filter(
    (one) =>
      takesPlain(one) &&
      !inner.has(one.name) &&
      !checkedByModel.has(one.name) &&
      !lookups.has(one.name) &&
      !data.has(one.name) &&
      !one.name.startsWith("attention/"),
  );
  expect(functions.length).toBeGreaterThan(60);
  const calls = {
    ...publicCalls(gpu, model, session),
    ...callsOfEngine(),
    ...encoderCalls(gpu, encoder, both),
    ...trainCalls(gpu),
    ...trainingCalls(gpu, learning),
    ...wordCalls(gpu, ofWords),
    ...runCalls(),
    ...argumentCalls(gpu, model),
    ...referenceCalls(),
    ...checkCalls(gpu),
  };
  const outcome = await throwAtArguments({ functions, calls, isValid, gpu, name: "arguments" });
  expect(outcome.problems).toEqual([]);
  console.log(`arguments: ${functions.length} functions, ${outcome.calls} calls with a mistake, all refused`);
});
