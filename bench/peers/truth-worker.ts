// Computes the float64 result in a worker, so that the page stays responsive: float64 loops take seconds.
import { parseProblem } from "./problems.ts";
import { truthOf } from "./truth.ts";

const worker = globalThis as unknown as { onmessage: unknown; postMessage(message: unknown): void };

worker.onmessage = ({ data }: MessageEvent<string>) => {
  worker.postMessage(truthOf(parseProblem(data)));
};
