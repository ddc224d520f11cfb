/** Upper bounds of histograms of seconds. */
const seconds = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300];

/** A server's counts of requests, waiting and running ones, and of their tokens. */
export function createFigures(admitted: () => number, concurrency: number) {
  const metrics: Metrics = createMetrics();
  metrics.gauge("shaderformer_requests_running", "Requests that are computed.", () =>
    Math.min(admitted(), concurrency),
  );
  metrics.gauge("shaderformer_requests_waiting", "Requests that wait for their turn.", () =>
    Math.max(0, admitted() - concurrency),
  );
  metrics.gauge("process_resident_memory_bytes", "Resident memory.", () => process.memoryUsage.rss());
  metrics.gauge("process_uptime_seconds", "Time since the process began.", () => process.uptime());
  return {
    text: metrics.text,
    requests: metrics.counter("shaderformer_requests_total", "Requests answered, by path and status."),
    hangUps: metrics.counter(
      "shaderformer_hang_ups_total",
      "Requests whose client left before the answer was complete.",
    ),
    promptTokens: metrics.counter("shaderformer_prompt_tokens_total", "Tokens of prompts."),
    generatedTokens: metrics.counter("shaderformer_generated_tokens_total", "Tokens generated."),
    draftTokens: metrics.counter(
      "shaderformer_spec_decode_draft_tokens_total",
      "Tokens proposed by speculative decoding.",
    ),
    acceptedTokens: metrics.counter(
      "shaderformer_spec_decode_accepted_tokens_total",
      "Tokens proposed by speculative decoding that are in the answers.",
    ),
    losses: metrics.counter("shaderformer_device_losses_total", "Times that the device was lost."),
    firstPart: metrics.histogram(
      "shaderformer_first_part_seconds",
      "Time from a request to the first part of its answer, of those that stream.",
      seconds,
    ),
    duration: metrics.histogram(
      "shaderformer_request_seconds",
      "Time from a request to the end of its answer.",
      seconds,
    ),
  };
}

/** The figures of a server. */
export type Figures = ReturnType<typeof createFigures>;

// Figures of a server in Prometheus' text format, version 0.0.4.

/** A counter, by its labels. */
interface Counter {
  add(amount: number, labels?: Readonly<Record<string, string | number>>): void;
}

/** A histogram. */
interface Histogram {
  observe(value: number): void;
}

/** The figures of a server. */
interface Metrics {
  counter(name: string, help: string): Counter;
  histogram(name: string, help: string, bounds: readonly number[]): Histogram;
  /** A figure read on request. */
  gauge(name: string, help: string, read: () => number): void;
  /** All figures, as in `/metrics`. */
  text(): string;
}

const escaped = (value: string) => value.replace(/[\\"\n]/g, (one) => (one === "\n" ? "\\n" : `\\${one}`));

const labelled = (labels: Readonly<Record<string, string | number>>): string => {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(String(value))}"`);
  return pairs.length > 0 ? `{${pairs.join(",")}}` : "";
};

/** No figures yet. */
function createMetrics(): Metrics {
  const families: (() => string[])[] = [];
  const head = (name: string, help: string, type: string) => [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
  return {
    counter(name, help) {
      const values = new Map<string, number>();
      families.push(() => [
        ...head(name, help, "counter"),
        ...(values.size > 0 ? [...values].map(([labels, value]) => `${name}${labels} ${value}`) : [`${name} 0`]),
      ]);
      return {
        add(amount, labels = {}) {
          const key = labelled(labels);
          values.set(key, (values.get(key) ?? 0) + amount);
        },
      };
    },
    histogram(name, help, bounds) {
      const counts = new Array<number>(bounds.length).fill(0);
      let count = 0;
      let sum = 0;
      families.push(() => [
        ...head(name, help, "histogram"),
        ...bounds.map((bound, i) => `${name}_bucket${labelled({ le: bound })} ${counts[i]}`),
        `${name}_bucket{le="+Inf"} ${count}`,
        `${name}_sum ${sum}`,
        `${name}_count ${count}`,
      ]);
      return {
        observe(value) {
          count++;
          sum += value;
          for (const [i, bound] of bounds.entries()) if (value <= bound) counts[i] = (counts[i] ?? 0) + 1;
        },
      };
    },
    gauge(name, help, read) {
      families.push(() => [...head(name, help, "gauge"), `${name} ${read()}`]);
    },
    text: () => `${families.flatMap((family) => family()).join("\n")}\n`,
  };
}
