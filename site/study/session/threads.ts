// Two threads that interpret, from one file: one steps and must answer at once, the other runs whole dispatches.
import { sim } from "../../shell/sim.ts";
import { words } from "../../shell/trouble/sentence.ts";
import type { Answer, StudyReport, StudyRequest } from "../worker/protocol.ts";

/** A thread that is started when first needed. */
export interface Thread {
  readonly send: (request: StudyRequest) => void;
  /** Ends its work; the next request starts it anew. */
  readonly end: () => void;
}

/** A thread whose answers `take` receives; `fail` receives why it cannot be started or has ended. */
export function newThread(take: (answer: StudyReport | Answer) => void, fail: (message: string) => void): Thread {
  let worker: Worker | undefined;
  const end = () => {
    worker?.terminate();
    worker = undefined;
  };
  const start = (): Worker | undefined => {
    try {
      if (sim === "no-worker") throw new Error("simulated");
      const started = new Worker(new URL("../worker/study-worker.ts", import.meta.url), {
        type: "module",
        name: "study",
      });
      started.addEventListener("message", ({ data }: MessageEvent<StudyReport | Answer>) => {
        if (started === worker) take(data);
      });
      started.addEventListener("error", ({ message }) => {
        if (started !== worker) return;
        end();
        fail(message ?? "");
      });
      return started;
    } catch (error) {
      fail(words(error));
      return undefined;
    }
  };
  return {
    end,
    send(request) {
      worker ??= start();
      worker?.postMessage(request);
    },
  };
}
