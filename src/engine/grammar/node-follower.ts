// In Node grammars are compiled in a worker: that can take seconds, during which this thread answers other requests,
// and it can be stopped.
import type { Worker } from "node:worker_threads";
import { nodeModule } from "../../formats/folder.ts";
import { followGrammars, type GrammarFollower, type GrammarVocabulary } from "./follower.ts";

/** A follower in a worker, until disposed. */
export interface NodeFollower extends GrammarFollower {
  end(): void;
}

interface Call {
  readonly id: number;
  readonly method: keyof GrammarFollower;
  readonly args: readonly unknown[];
}

interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly problem?: string;
}

/** The worker's script, as text: it must be self-contained. */
function answerCalls(follow: typeof followGrammars, load: (name: string) => unknown): void {
  const { parentPort, workerData } = load("node:worker_threads") as typeof import("node:worker_threads");
  const { Module } = load("node:module") as typeof import("node:module");
  const { readFileSync } = load("node:fs") as typeof import("node:fs");
  const { file, vocabulary } = workerData as { file: string; vocabulary: GrammarVocabulary };
  // The library prints the reason before it aborts: "[FATAL] file:line: Check failed: (condition) is false: reason".
  let said = "";
  const note = (...words: readonly unknown[]) => {
    const [, reason] = /^\[FATAL\] \S+:\d+: (?:Check failed: .* is false: )?(.*)$/s.exec(words.join(" ")) ?? [];
    said = reason ?? said;
  };
  Object.assign(globalThis.console, { log: note, info: note, warn: note, error: note });
  // The package claims to be an ES module, but is CommonJS.
  const module = Object.assign(new Module(file), { filename: file }) as unknown as {
    readonly exports: Parameters<typeof follow>[0];
    _compile(text: string, file: string): void;
  };
  module._compile(readFileSync(file, "utf8"), file);
  const follower = follow(module.exports, vocabulary);
  parentPort?.on("message", async ({ id, method, args }: Call) => {
    try {
      const value = await (follower[method] as (...given: readonly unknown[]) => unknown)(...args);
      parentPort.postMessage({ id, value });
    } catch (error) {
      parentPort.postMessage({ id, problem: said || (error instanceof Error ? error.message : String(error)) });
    }
  });
}

/** Opens a worker that follows grammars with the package in `file`. It keeps the process alive only while it works. */
export function openNodeFollower(file: string, vocabulary: GrammarVocabulary): NodeFollower {
  const threads = nodeModule("node:worker_threads") as typeof import("node:worker_threads");
  const worker: Worker = new threads.Worker(`(${answerCalls})(${followGrammars}, require)`, {
    eval: true,
    workerData: { file, vocabulary },
  });
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let count = 0;
  let failure: Error | undefined;

  function fail(error: Error): void {
    failure ??= error;
    for (const { reject } of waiting.values()) reject(failure);
    waiting.clear();
  }
  worker.on("error", fail);
  worker.on("exit", () => fail(new Error("the worker has ended")));
  worker.on("message", ({ id, value, problem }: Answer) => {
    const one = waiting.get(id);
    waiting.delete(id);
    if (waiting.size === 0) worker.unref();
    if (problem === undefined) one?.resolve(value);
    else one?.reject(new Error(problem));
  });
  worker.unref();

  function call(method: keyof GrammarFollower, ...args: readonly unknown[]): Promise<unknown> {
    if (failure) return Promise.reject(failure);
    const id = ++count;
    worker.ref();
    worker.postMessage({ id, method, args });
    return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
  }
  /** Calls without a result: the next call reports their errors. */
  const order = (method: keyof GrammarFollower, ...args: readonly unknown[]) => void call(method, ...args).catch(fail);

  return {
    open: (schema, strict) => call("open", schema, strict) as Promise<void>,
    mask: () => call("mask") as Promise<Int32Array>,
    accept: (token) => call("accept", token) as Promise<boolean>,
    rollback: (tokens) => order("rollback", tokens),
    close: () => order("close"),
    end() {
      fail(new Error("the worker has ended"));
      void worker.terminate();
    },
  };
}
