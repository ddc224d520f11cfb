import type { LanguageModel } from "../../src/index.ts";
import { type CheckedFiles, checkModel } from "./check.ts";
import { ownRuns } from "./own-runs.ts";
import type { ModelCheck, ModelEngine, ModelRow, ModelTest, Run } from "./result.ts";

/** Runs a test once, and returns its nanoseconds. */
export interface Subject {
  readonly engine: ModelEngine;
  readonly check: ModelCheck;
  /** The model's description in this subject's rows. */
  readonly model: Pick<
    ModelRow,
    "model_filename" | "model_type" | "model_size" | "model_n_params" | "type_k" | "type_v"
  >;
  run(test: ModelTest): Promise<Run>;
  close(): void | Promise<void>;
}

/** The loaded model to measure. */
export interface LoadedSubject extends CheckedFiles {
  readonly model: LanguageModel;
  /** The name of its folder or file. */
  readonly file: string;
  /** Its description, human-readable. */
  readonly type: string;
}

/** This engine, with a loaded model, checked first. */
export async function ownSubject({ model, file, type, ...files }: LoadedSubject): Promise<Subject> {
  const { adapter } = model.gpu;
  const check = await checkModel(model, files);
  const { cache } = model.programs;
  return {
    engine: { name: "shaderformer", backend: "WebGPU", device: adapter.label },
    check,
    model: {
      model_filename: file,
      model_type: type,
      model_size: model.decoder.weights.bytes,
      model_n_params: files.parameters,
      type_k: cache.dtype ?? "f32",
      type_v: cache.dtype ?? "f32",
    },
    ...ownRuns(model),
  };
}

/** The tests to measure, and repetitions. */
export interface ModelPlan {
  readonly tests: readonly ModelTest[];
  readonly repetitions: number;
  readonly signal?: AbortSignal | undefined;
  readonly onRow?: ((row: ModelRow) => void) | undefined;
  readonly onProgress?: ((what: string) => void) | undefined;
}

/** `pp512`, `tg128 @ d4096`: a test in llama-bench's notation. */
export const testName = ({ prompt, generate, depth }: ModelTest): string =>
  `${generate > 0 ? `tg${generate}` : `pp${prompt}`}${depth > 0 ? ` @ d${depth}` : ""}`;

/** The tests of these lists, in llama-bench's order: for each depth the prompts, then the generations. */
export const testsOf = (prompts: readonly number[], generations: readonly number[], depths: readonly number[]) =>
  depths.flatMap((depth) => [
    ...prompts.filter((n) => n > 0).map((prompt): ModelTest => ({ prompt, generate: 0, depth })),
    ...generations.filter((n) => n > 0).map((generate): ModelTest => ({ prompt: 0, generate, depth })),
  ]);

/**
 * Runs the tests: each subject in turn, `repetitions` times, after one run that is not counted. A subject whose results
 * are wrong is not timed: its rows have no samples. Throws the reason of `signal`, and a subject's errors with the
 * names of subject and test; `onRow` has by then received the rows of earlier tests.
 */
export async function runModelBench(subjects: readonly Subject[], plan: ModelPlan): Promise<ModelRow[]> {
  const { tests, repetitions, signal, onRow = () => {}, onProgress = () => {} } = plan;
  const rows: ModelRow[] = [];
  for (const test of tests) {
    const begun = new Date().toISOString();
    const samples = subjects.map(() => [] as number[]);
    const dispatches = subjects.map((): number | null => null);
    const floors = subjects.map(() => [] as number[]);
    const cacheFloors = subjects.map(() => [] as number[]);
    for (let repetition = -1; repetition < repetitions; repetition++) {
      for (const [i, subject] of subjects.entries()) {
        signal?.throwIfAborted();
        if (subject.check.verdict === "fail") continue;
        onProgress(
          `${testName(test)}  ${subject.engine.name}  ${repetition < 0 ? "warming up" : `${repetition + 1} of ${repetitions}`}`,
        );
        const { nanoseconds, dispatches: count = null, floor, cacheFloor } = await named(subject, test);
        if (repetition < 0) continue;
        samples[i]?.push(nanoseconds);
        if (floor !== undefined) floors[i]?.push(floor);
        if (cacheFloor !== undefined) cacheFloors[i]?.push(cacheFloor);
        dispatches[i] = count;
      }
    }
    for (const [i, subject] of subjects.entries()) {
      const timed = {
        samples: samples[i] ?? [],
        dispatches: dispatches[i] ?? null,
        floors: floors[i] ?? [],
        cacheFloors: cacheFloors[i] ?? [],
      };
      const measured = rowOf(subject, test, begun, timed);
      const shallow = rows.find(
        ({ engine, backends, n_gen, n_depth }) =>
          engine === measured.engine && backends === measured.backends && n_gen === test.generate && n_depth === 0,
      );
      const row = { ...measured, depth_ratio: depthRatio(measured, shallow) };
      rows.push(row);
      onRow(row);
    }
  }
  return rows;
}

/** Runs a test; errors name subject and test. */
async function named(subject: Subject, test: ModelTest): Promise<Run> {
  try {
    return await subject.run(test);
  } catch (cause) {
    const { engine } = subject;
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${engine.name} (${engine.backend}) failed at ${testName(test)}: ${message}`, { cause });
  }
}

/** The measurements of a subject in a test, by repetition. */
interface Timed {
  readonly samples: readonly number[];
  readonly floors: readonly number[];
  readonly cacheFloors: readonly number[];
  readonly dispatches: number | null;
}

type Depth = Pick<ModelRow, "n_gen" | "n_depth" | "avg_ns" | "cache_floor_ns">;

/** Extra time of a step over depth 0, divided by the time to read the additional cache. */
export function depthRatio(row: Depth, shallow: Depth | undefined): number | null {
  if (!shallow || row.n_depth === 0 || row.n_gen === 0) return null;
  if (row.cache_floor_ns === null || shallow.cache_floor_ns === null) return null;
  return (row.avg_ns - shallow.avg_ns) / row.n_gen / (row.cache_floor_ns - shallow.cache_floor_ns);
}

function rowOf(
  { engine, check, model }: Subject,
  test: ModelTest,
  begun: string,
  { samples, floors, cacheFloors, dispatches }: Timed,
): Omit<ModelRow, "depth_ratio"> {
  const tokens = test.prompt + test.generate;
  const rates = samples.map((nanoseconds) => (tokens * 1e9) / nanoseconds);
  const [ns, ts] = [spreadOf(samples), spreadOf(rates)];
  return {
    engine: engine.name,
    backends: engine.backend,
    gpu_info: engine.device,
    ...model,
    n_prompt: test.prompt,
    n_gen: test.generate,
    n_depth: test.depth,
    test_time: begun,
    avg_ns: Math.round(ns.mean),
    stddev_ns: Math.round(ns.deviation),
    avg_ts: ts.mean,
    stddev_ts: ts.deviation,
    samples_ns: samples.map(Math.round),
    samples_ts: rates,
    dispatches,
    ...check,
    floor_ns: floors.length > 0 ? Math.round(spreadOf(floors).mean) : null,
    cache_floor_ns: cacheFloors.length > 0 ? Math.round(spreadOf(cacheFloors).mean) : null,
  };
}

/** Mean and standard deviation of a sample, 0 for a single value. */
function spreadOf(values: readonly number[]): { mean: number; deviation: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / Math.max(1, values.length - 1)) };
}
