// Model folders in which something is not as it should be: each is refused or warned of with file and field, or
// harmless.
import { expect, onTestFinished, test } from "vitest";
import { FormatError } from "../../src/formats/format-error.ts";
import { loadModel } from "../../src/generate/load/load-model.ts";
import { type ModelFolder, readModelFolder } from "../../src/generate/load/model-folder.ts";
import { openGpu } from "../../src/gpu/device/open.ts";
import { GpuError } from "../../src/gpu/errors.ts";
import { TextError } from "../../src/text/text-error.ts";
import { memorySource } from "../formats/checkpoint-bytes.ts";
import { attempts, randomFor } from "../support/fuzz.ts";
import { type Folder, folders, write } from "./model-folders/folders.ts";
import { forbid, forbiddenValues } from "./model-folders/json-mutations.ts";
import { type Mutated, pick } from "./model-folders/mutation.ts";
import { mutated, mutations } from "./model-folders/mutations.ts";
import { notFinite } from "./model-folders/tensor-mutations.ts";

/** What reading a folder came to. */
interface Outcome {
  readonly kind: "refused" | "warned" | "accepted";
  /** The error, or the warnings. */
  readonly said: string;
  readonly error?: unknown;
  /** Bytes that were read, and those of the files. */
  readonly bytes: readonly [read: number, all: number];
}

async function read({ files }: Pick<Mutated, "files">): Promise<Outcome> {
  let bytes = 0;
  const source = memorySource(files, (count) => {
    bytes += count;
  });
  const outcome = await readModelFolder(source).then(
    ({ warnings }: ModelFolder) => ({
      kind: warnings.length > 0 ? ("warned" as const) : ("accepted" as const),
      said: warnings.join("\n"),
    }),
    (error: unknown) => ({
      kind: "refused" as const,
      said: error instanceof Error ? error.message : String(error),
      error,
    }),
  );
  const all = Object.values(files).reduce((sum, { length }) => sum + length, 0);
  return { ...outcome, bytes: [bytes, all] };
}

/** The beginning of every message: a file of the folder, and what is wrong there. */
const place = /^(memory|[\w-]+\.(json|safetensors|safetensors\.index\.json|jinja))(:| is | cannot be )/;
const unclear = /undefined|\[object|is not a function|Cannot read|not iterable|NaN of|^(\S+): \1/;

/** What is wrong with an outcome, if anything. */
function problemOf({ expected, names }: Mutated, { kind, said, error, bytes }: Outcome): string | undefined {
  if (bytes[0] > bytes[1]) return `${bytes[0]} bytes are read of ${bytes[1]}`;
  if (kind === "accepted") return expected ? "accepted in silence" : undefined;
  if (kind === "refused") {
    if (!(error instanceof FormatError || error instanceof TextError))
      return `an error of another kind: ${String(error)}`;
    if (!place.test(said) || unclear.test(said) || said.length > 1200) return `an unclear error: ${said}`;
  }
  if (expected === "refused" && kind !== "refused") return `only warned: ${said}`;
  if (expected && names && !names.some((name) => said.includes(name))) return `none of its names: ${said}`;
  return undefined;
}

/** Counts by class, printed when all are done. */
class Tally {
  readonly #counts = new Map<string, Record<Outcome["kind"], number>>();
  readonly problems: string[] = [];

  add(group: string, made: Mutated, outcome: Outcome): void {
    const counts = this.#counts.get(group) ?? { refused: 0, warned: 0, accepted: 0 };
    counts[outcome.kind]++;
    this.#counts.set(group, counts);
    const problem = problemOf(made, outcome);
    if (problem) this.problems.push(`${group}: ${made.what}: ${problem}`);
  }

  print(): void {
    const width = Math.max(...[...this.#counts.keys()].map((name) => name.length));
    for (const [name, { refused, warned, accepted }] of this.#counts) {
      console.log(`${name.padEnd(width)}  refused ${refused}, warned ${warned}, accepted ${accepted}`);
    }
  }
}

test.each(folders.map((folder) => [folder.name, folder] as const))("%s is sound", async (_, folder) => {
  expect(await read({ files: write(folder) })).toMatchObject({ kind: "accepted" });
});

test("mutated folders are refused, or warned of, with file and field", async () => {
  const random = randomFor("model folder");
  const tally = new Tally();
  const all = attempts(5000, 12 * Object.keys(mutations).length);
  for (let attempt = 0, done = 0; done < all; attempt++) {
    const made = mutated(attempt, random);
    if (!made) continue;
    done++;
    const [group, mutant] = made;
    tally.add(group, mutant, await read(mutant));
  }
  tally.print();
  expect(tally.problems).toEqual([]);
});

test("no forbidden value is accepted in silence", async () => {
  const random = randomFor("forbidden values");
  const tally = new Tally();
  const values = folders.flatMap((folder) => {
    const files =
      folder === folders[0]
        ? (["config", "generation", "tokenizerConfig", "tokenizer"] as const)
        : (["config"] as const);
    return files.flatMap((file) =>
      forbiddenValues(folder, file).map(([field, value]): readonly [string, Folder, typeof file, string, unknown] => [
        folder.name,
        folder,
        file,
        field,
        value,
      ]),
    );
  });
  const some = attempts(values.length, 200);
  for (const [name, folder, file, field, value] of values) {
    if (random.uniform() >= some / values.length) continue;
    const made = forbid(folder, file, field, value);
    tally.add(name, made, await read(made));
  }
  tally.print();
  expect(tally.problems).toEqual([]);
});

test("weights that are not finite are refused with tensor and element", async () => {
  const random = randomFor("weights that are not finite");
  const gpu = await openGpu();
  onTestFinished(() => gpu.close());
  const problems: string[] = [];
  const all = attempts(300, 6);
  for (let done = 0; done < all; done++) {
    const made = notFinite(pick(random, folders), random);
    const said = await loadModel(gpu, memorySource(made.files)).then(
      () => "nothing",
      (error: unknown) => (error instanceof FormatError ? error.message : String(error)),
    );
    if (!place.test(said) || !made.names.every((name) => said.includes(name))) problems.push(`${made.what}: ${said}`);
  }
  console.log(`${all} weights that are not finite: ${problems.length} not refused by name`);
  expect(problems).toEqual([]);
});

// Needs pipelines for every shape.
test.runIf(attempts(1, 0))("what is accepted generates, or says clearly why not", async () => {
  const random = randomFor("accepted folders");
  const kinds = Object.keys(mutations).filter((kind) => /^any value|other bytes|extra/.test(kind));
  const gpu = await openGpu();
  onTestFinished(() => gpu.close());
  const problems: string[] = [];
  let generated = 0;
  for (const all = attempts(60, 0); generated < all; ) {
    const made = mutations[pick(random, kinds)]?.(pick(random, folders), random);
    if (!made || (await read(made)).kind === "refused") continue;
    generated++;
    try {
      using model = await loadModel(gpu, memorySource(made.files), { onWarning: () => {} });
      await model.generate([5, 6, 7], { maxTokens: 2 }).result;
    } catch (error) {
      const isOurs = error instanceof FormatError || error instanceof TextError || error instanceof GpuError;
      if (!isOurs || unclear.test(error.message)) problems.push(`${made.what}: ${String(error)}`);
    }
  }
  console.log(`${generated} accepted folders generated, or said why not`);
  expect(problems).toEqual([]);
});
