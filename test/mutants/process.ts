import { fork } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Order, Report } from "./worker.ts";

/** The worker stopped: it crashed, or nothing came from it for too long, as when a shader loops for ever. */
export interface Dead {
  readonly kind: "dead";
  readonly hung: boolean;
  readonly message: string;
}

/** A worker process that takes one order at a time. */
export interface Worker {
  /** `longest` is what the longest of the tests computes without a mistake, in milliseconds. */
  readonly ask: (order: Order, longest?: number) => Promise<Exclude<Report, { kind: "alive" | "ready" }> | Dead>;
  /** The label of its adapter. */
  readonly adapter: string;
  readonly alive: () => boolean;
  readonly stop: () => void;
}

/**
 * Milliseconds without a word after which a worker hangs: that it computed, or by the clock, where nothing says what it
 * computed or it waits. What the longest test computes is added, several times. Vitest gives a test 300 s.
 */
const patience = { computed: 20_000, clock: 180_000, times: 5 };

/** Milliseconds that a process has computed, on systems that say it in /proc, where a second has 100 ticks. */
function computedBy(pid: number | undefined): number | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    return 10 * (Number(fields[11]) + Number(fields[12]));
  } catch {
    return undefined;
  }
}

/** Starts a worker from its bundle. */
export async function startWorker(bundle: string): Promise<Worker> {
  const child = fork(bundle, { stdio: ["ignore", "ignore", "pipe", "ipc"] });
  let errors = "";
  child.stderr?.on("data", (data) => {
    errors = `${errors}${data}`.slice(-2000);
  });
  let running = true;
  let answer: (report: Report | Dead) => void = () => undefined;
  let timer: NodeJS.Timeout | undefined;
  let longest = 0;
  const wait = () => {
    clearInterval(timer);
    const start = { clock: performance.now(), computed: computedBy(child.pid) };
    timer = setInterval(() => {
      const clock = performance.now() - start.clock;
      const now = computedBy(child.pid);
      const computed = now === undefined || start.computed === undefined ? clock : now - start.computed;
      const more = patience.times * longest;
      // A busy machine gives a worker little of the clock's time.
      if (computed < patience.computed + more && clock < 4 * (patience.clock + more)) return;
      clearInterval(timer);
      answer({
        kind: "dead",
        hung: true,
        message: `a test did not end, and computed ${Math.round(computed / 1000)} s`,
      });
      child.kill("SIGKILL");
    }, 500);
  };
  child.on("message", (report: Report) => {
    wait();
    if (report.kind !== "alive") answer(report);
  });
  child.on("exit", (code, signal) => {
    running = false;
    clearInterval(timer);
    const message = `the process ended with ${signal ?? code}: ${errors.trim().split("\n").at(-1)}`;
    answer({ kind: "dead", hung: false, message });
  });
  const next = () =>
    new Promise<Report | Dead>((resolve) => {
      answer = resolve;
      wait();
    });
  const first = await next();
  clearInterval(timer);
  if (first.kind !== "ready") throw new Error(`the worker does not start: ${errors}`);
  return {
    ask: async (order, ofTests = Number.POSITIVE_INFINITY) => {
      longest = Math.min(ofTests, patience.clock);
      const reply = next();
      child.send(order);
      const report = await reply;
      clearInterval(timer);
      if (report.kind === "alive" || report.kind === "ready") throw new Error(`${report.kind} is no answer`);
      return report;
    },
    adapter: first.adapter,
    alive: () => running,
    stop: () => child.kill("SIGKILL"),
  };
}

/** A worker that is started when it is needed and again when it has died. */
export class Keeper {
  readonly #bundle: string;
  #worker: Worker | undefined;

  constructor(bundle: string) {
    this.#bundle = bundle;
  }

  async get(): Promise<Worker> {
    if (!this.#worker?.alive()) this.#worker = await startWorker(this.#bundle);
    return this.#worker;
  }

  stop(): void {
    this.#worker?.stop();
    this.#worker = undefined;
  }
}
