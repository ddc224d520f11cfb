import { fork } from "node:child_process";
import type { Order, Report } from "./worker.ts";

/** The worker stopped: it crashed, or nothing came from it for too long, as when a shader loops for ever. */
export interface Dead {
  readonly kind: "dead";
  readonly hung: boolean;
  readonly message: string;
}

/** A worker process that takes one order at a time. */
export interface Worker {
  readonly ask: (order: Order) => Promise<Exclude<Report, { kind: "alive" | "ready" }> | Dead>;
  readonly alive: () => boolean;
  readonly stop: () => void;
}

/** No test, the compiling of its shaders included, takes as long on a software adapter. */
const patience = 180_000;

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
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      answer({ kind: "dead", hung: true, message: `no test ended within ${patience / 1000} s` });
      child.kill("SIGKILL");
    }, patience);
  };
  child.on("message", (report: Report) => {
    wait();
    if (report.kind !== "alive") answer(report);
  });
  child.on("exit", (code, signal) => {
    running = false;
    clearTimeout(timer);
    const message = `the process ended with ${signal ?? code}: ${errors.trim().split("\n").at(-1)}`;
    answer({ kind: "dead", hung: false, message });
  });
  const next = () =>
    new Promise<Report | Dead>((resolve) => {
      answer = resolve;
      wait();
    });
  const first = await next();
  if (first.kind !== "ready") throw new Error(`the worker does not start: ${errors}`);
  return {
    ask: async (order) => {
      const reply = next();
      child.send(order);
      const report = await reply;
      clearTimeout(timer);
      if (report.kind === "alive" || report.kind === "ready") throw new Error(`${report.kind} is no answer`);
      return report;
    },
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
