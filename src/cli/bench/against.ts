import { availableParallelism } from "node:os";
import type { LanguageModel } from "../../generate/language-model.ts";
import { cacheOptions, type LoadFlags } from "../model/model-options.ts";
import { say } from "../output.ts";
import type { Bench } from "./output.ts";

/** Engines that `bench generate` measures alternately with this one, on the same GGUF file. */
export const otherEngines = ["llama.cpp", "llama.cpp-cpu", "wllama", "wllama-cpu"] as const;
export type Against = (typeof otherEngines)[number];

type Subject = Awaited<ReturnType<Bench["ownSubject"]>>;

/** The requested engines, and how this engine's model was loaded. */
type AgainstFlags = Omit<LoadFlags, "model"> & { readonly against: readonly Against[] };

/** Arguments for opening them. */
interface Others {
  /** This engine with the model. */
  readonly model: LanguageModel;
  /** The GGUF file. */
  readonly path: string;
  /** Tokens of the longest test. */
  readonly longest: number;
  /** The model's description in rows. */
  readonly rows: Subject["model"];
}

/** Opens the requested engines, each checked against this one's greedy tokens. */
export async function otherSubjects(flags: AgainstFlags, bench: Bench, others: Others): Promise<Subject[]> {
  const subjects = await llamaSubjects(flags, bench, others);
  if (!flags.against.some(isWllama)) return subjects;
  try {
    return [...subjects, ...(await browserSubjects(flags, others))];
  } catch (error) {
    for (const subject of subjects) await subject.close();
    throw error;
  }
}

const isWllama = (name: string) => name.startsWith("wllama");
/** Tokens of the checked prompt, and of its continuation, which must be equal in every engine. */
const checked = 16;

async function greedy(model: LanguageModel, ids: readonly number[]): Promise<readonly number[]> {
  const { rows } = await model.generate([...ids], { temperature: 0, maxTokens: checked, ignoreEos: true }).result;
  return rows[0]?.tokens ?? [];
}

/** llama.cpp in separate processes. */
async function llamaSubjects(
  { against }: AgainstFlags,
  bench: Bench,
  { model, path: file, longest, rows }: Others,
): Promise<Subject[]> {
  const devices = against.flatMap((name) =>
    isWllama(name) ? [] : ([name === "llama.cpp" ? "vulkan" : "cpu"] as const),
  );
  if (devices.length === 0) return [];
  const { llamaSubject } = await import("../../../bench/llama-cpp/subject.ts");
  const { vocabulary } = model.decoder.config;
  const ids = bench.someTokens(checked, vocabulary, 5);
  const expected = { ids, tokens: await greedy(model, ids) };
  const shared = { file, adapter: model.gpu.adapter.label, vocabulary, expected, model: rows, say };
  const [context, threads] = [Math.max(longest, 64), availableParallelism()];
  const opened: Subject[] = [];
  for (const device of devices) opened.push(await llamaSubject({ ...shared, device, context, threads }));
  return opened;
}

/** This engine and wllama in a browser. */
async function browserSubjects(flags: AgainstFlags, { model, path: file, longest, rows }: Others): Promise<Subject[]> {
  const [{ repositoryRoot }, { textOfTokens }] = await Promise.all([
    import("../../../bench/peers/setup/root.ts"),
    import("../../../bench/wllama/texts.ts"),
  ]);
  repositoryRoot(); // browsers can only be driven from a checkout
  const { wllamaSubjects } = await import("../../../bench/wllama/subjects.ts");
  const { tokenizer } = model;
  const text = textOfTokens(tokenizer, checked, 5);
  const ids = tokenizer.encode(text);
  const { features, cap } = flags;
  return await wllamaSubjects({
    file,
    adapter: model.gpu.adapter.label,
    tokenizer,
    model: rows,
    say,
    backends: flags.against.flatMap((name) => (name === "wllama" ? ["webgpu"] : name === "wllama-cpu" ? ["cpu"] : [])),
    own: {
      context: Math.max(longest, 64),
      cache: cacheOptions({ ...flags, model: file }),
      gpu: { ...(features && { features }), ...(cap && { cap }) },
    },
    expected: { text, ids, tokens: await greedy(model, ids) },
  });
}
