import { Counter, Gauge, Histogram, Registry } from "prom-client";

/** Upper bounds of histograms of seconds. */
const buckets = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300];

/** A server's metrics, for Prometheus: requests, waiting and running ones, and their tokens. */
export function createFigures(admitted: () => number, concurrency: number) {
  const registry = new Registry();
  const registers = [registry];
  const counter = <Label extends string = never>(name: string, help: string, labelNames: readonly Label[] = []) =>
    new Counter({ name, help, labelNames, registers });
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  const histogram = (name: string, help: string) => new Histogram({ name, help, buckets, registers });
  gauge("shaderformer_requests_running", "Requests being computed.", () => Math.min(admitted(), concurrency));
  gauge("shaderformer_requests_waiting", "Requests waiting for their turn.", () =>
    Math.max(0, admitted() - concurrency),
  );
  gauge("process_resident_memory_bytes", "Resident memory.", () => process.memoryUsage.rss());
  gauge("process_uptime_seconds", "Time since the process began.", () => process.uptime());
  return {
    registry,
    requests: counter("shaderformer_requests_total", "Requests answered, by path and status.", ["path", "status"]),
    hangUps: counter("shaderformer_hang_ups_total", "Requests whose client left before the answer was complete."),
    promptTokens: counter("shaderformer_prompt_tokens_total", "Tokens of prompts."),
    generatedTokens: counter("shaderformer_generated_tokens_total", "Tokens generated."),
    draftTokens: counter("shaderformer_spec_decode_draft_tokens_total", "Tokens proposed by speculative decoding."),
    acceptedTokens: counter(
      "shaderformer_spec_decode_accepted_tokens_total",
      "Tokens proposed by speculative decoding that are in the answers.",
    ),
    losses: counter("shaderformer_device_losses_total", "Times that the device was lost."),
    firstPart: histogram(
      "shaderformer_first_part_seconds",
      "Time from a request to the first part of its answer, of those that stream.",
    ),
    duration: histogram("shaderformer_request_seconds", "Time from a request to the end of its answer."),
  };
}

/** The metrics of a server. */
export type Figures = ReturnType<typeof createFigures>;
