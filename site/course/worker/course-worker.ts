// The worker of the page: owns the device, and runs the experiment of examples/14-course as it stands there.
import { runOf } from "../../../examples/14-course/experiments.ts";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { type Handlers, serveCalls } from "../../shell/worker/serve.ts";
import type { Calls } from "./protocol.ts";

let gpu: Gpu | undefined;

const handlers: Handlers<Calls> = {
  run: async ({ id, values, models }, { signal, report }) => {
    if (!gpu) throw new Error("there is no GPU");
    const { used } = gpu.pipelines;
    used.clear();
    const begun = performance.now();
    const run = (await runOf(id))(gpu, values, { models });
    for (;;) {
      const next = await run.next();
      if (next.done) {
        return { figures: next.value, seconds: (performance.now() - begun) / 1000, kernels: [...used].sort() };
      }
      report(next.value);
      // A pause between two reports, in which a request to stop arrives.
      await new Promise((resolve) => setTimeout(resolve));
      if (!signal.aborted) continue;
      await run.return({}); // frees what it holds
      signal.throwIfAborted();
    }
  },
};

serveCalls(handlers, (opened) => {
  gpu = opened;
});
