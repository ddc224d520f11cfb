import type { LanguageModel, Speculative } from "../../src/index.ts";

/** One way of proposing tokens, or of not proposing any. */
export interface SpeculativeSubject {
  readonly name: string;
  readonly speculative?: Speculative;
}

/** The settings of a measurement. */
export interface SpeculativePlan {
  readonly model: LanguageModel;
  /** Token ids to continue. */
  readonly prompt: readonly number[];
  readonly maxTokens: number;
  readonly temperature: number;
  /** Ways to compare; the first proposes nothing, and the others are compared with it. */
  readonly subjects: readonly SpeculativeSubject[];
  readonly repetitions: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((what: string) => void) | undefined;
}

/** The figures of one way. */
export interface SpeculativeRow {
  readonly name: string;
  /** Whether the tokens equal those of the first way; a wrong one has no speed. */
  readonly verdict: "pass" | "fail";
  /** Decoded tokens per second of each repetition. */
  readonly rates: readonly number[];
  /** Speed divided by that of the first way in the same turn, for each repetition. */
  readonly ratios: readonly number[];
  readonly drafted: number;
  readonly accepted: number;
  /** Steps after the first token. */
  readonly steps: number;
}

/**
 * Continues one prompt in each way in turn, `repetitions` times after warm-up runs whose tokens are compared: the
 * greedy ones, and sampled ones unless a draft model proposes them. Throws the reason of `signal` when it aborts.
 */
export async function runSpeculativeBench(plan: SpeculativePlan): Promise<SpeculativeRow[]> {
  const { model, prompt, maxTokens, subjects, repetitions, signal, onProgress = () => {} } = plan;
  using session = model.session();
  const run = async ({ speculative }: SpeculativeSubject, turn: number, temperature = plan.temperature) => {
    const options = { temperature, maxTokens, seed: turn + 1, ignoreEos: true, speculative };
    return await session.continueFrom(prompt, options).result;
  };
  const texts: (string | undefined)[][] = [];
  const textOf = ({ rows }: Awaited<ReturnType<typeof run>>) => rows[0]?.tokens.join();
  const rates = subjects.map(() => [] as number[]);
  const figures = subjects.map(() => ({ drafted: 0, accepted: 0, steps: 0 }));
  for (let turn = -1; turn < repetitions; turn++) {
    for (const [i, subject] of subjects.entries()) {
      signal?.throwIfAborted();
      onProgress(`${subject.name}  ${turn < 0 ? "warming up" : `${turn + 1} of ${repetitions}`}`);
      if (turn < 0) {
        const own = [textOf(await run(subject, 0, 0))];
        if (plan.temperature > 0) own.push(textOf(await run(subject, 0)));
        // If a draft model samples, texts have the same distribution but are different.
        texts.push(subject.speculative?.kind === "draft" ? own.slice(0, 1) : own);
        continue;
      }
      const { timings, speculative } = await run(subject, turn);
      rates[i]?.push(timings.tokensPerSecond);
      const sum = figures[i];
      if (!sum) continue;
      sum.steps += speculative?.steps ?? maxTokens - 1;
      sum.drafted += speculative?.drafted ?? 0;
      sum.accepted += speculative?.accepted ?? 0;
    }
  }
  return subjects.map(({ name }, i) => {
    const own = rates[i] ?? [];
    const sums = figures[i] ?? { drafted: 0, accepted: 0, steps: 0 };
    const right = texts[i]?.every((text, n) => text === texts[0]?.[n]) === true;
    const ratios = own.map((rate, turn) => rate / (rates[0]?.[turn] ?? Number.NaN));
    return { name, verdict: right ? "pass" : "fail", rates: right ? own : [], ratios: right ? ratios : [], ...sums };
  });
}

const middle = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

/** The rows as a Markdown table: medians, and the smallest and largest ratio. */
export function speculativeTable(rows: readonly SpeculativeRow[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const body = rows.map(({ name, verdict, rates, ratios, drafted, accepted, steps }) => {
    const share = drafted > 0 ? `${accepted} of ${drafted} (${Math.round((100 * accepted) / drafted)} %)` : "";
    if (verdict === "fail") return line([name, "", "", share, "", verdict]);
    const times = `${middle(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})`;
    const perStep = (steps + accepted) / Math.max(1, steps);
    return line([name, middle(rates).toFixed(1), times, share, perStep.toFixed(2), verdict]);
  });
  const head = ["proposals", "t/s", "× without", "accepted", "tokens a step", "check"];
  return [line(head), line(["---", "---:", "---:", "---:", "---:", "---"]), ...body].join("\n");
}
