import { workerClient } from "../../shell/worker/client.ts";
import type { Calls } from "./protocol.ts";

/** The page's worker, which owns the device, the model and the index. */
export const client = workerClient<Calls>(
  () => new Worker(new URL("./search-worker.ts", import.meta.url), { type: "module", name: "search" }),
);

export const { call, generation } = client;
