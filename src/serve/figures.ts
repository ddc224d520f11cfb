import { createMetrics, type Metrics } from "./metrics.ts";

/** Upper bounds of histograms of seconds. */
const seconds = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300];

/** What a server counts of its requests, waiting and running ones, and of their tokens. */
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
