// Data that a subject, an engine in one environment, sends from its page or process about itself and its generations.

/** A greedy generation. Milliseconds. */
export interface Sample {
  readonly promptTokens: readonly number[];
  readonly tokens: readonly number[];
  readonly text: string;
  /** Prompt tokens whose keys and values were already cached. */
  readonly cachedTokens: number;
  /** From the request to the arrival of the first token, and of the last. */
  readonly firstMs: number;
  readonly lastMs: number;
  /** From the start of the navigation, or of the process, to the arrival of the first token. */
  readonly firstSinceStartMs: number;
}

/** An engine with the model loaded. */
export interface Subject {
  readonly version: string;
  /** The adapter's label. */
  readonly device: string;
  generate(prompt: string, tokens: number): Promise<Sample>;
}

/** A visit: from the start of the navigation, or of the process, to the end of the first text. */
export interface Visit {
  readonly version: string;
  readonly device: string;
  /** From the start to the model loaded. */
  readonly loadedMs: number;
  readonly sample: Sample;
}

/** The request of a visit. */
export interface Start {
  /** The address of the model's hub. */
  readonly hub: string;
  readonly prompt: string;
  readonly tokens: number;
  /** Words of an adapter's label, for a subject that chooses its own. */
  readonly adapter?: string | undefined;
}

/** Opens a subject and lets it generate once. */
export async function visit(open: () => Promise<Subject>, { prompt, tokens }: Start) {
  const subject = await open();
  const loadedMs = performance.now();
  const sample = await subject.generate(prompt, tokens);
  const { version, device } = subject;
  return { subject, visit: { version, device, loadedMs, sample } satisfies Visit };
}

/** Records when tokens arrive. */
export function stopwatch() {
  const start = performance.now();
  const tokens: number[] = [];
  let [first, last] = [Number.NaN, Number.NaN];
  return {
    tokens,
    arrived(token: number): void {
      last = performance.now();
      if (tokens.push(token) === 1) first = last;
    },
    times: () => ({ firstMs: first - start, lastMs: last - start, firstSinceStartMs: first }),
  };
}
