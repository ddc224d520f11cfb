// The worker of the page: owns the device and the model, trains it, and saves the run in this browser.

import { progressReport } from "../../../src/engine/direct/progress.ts";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { standardHub } from "../../shell/hub/hub.ts";
import { sourceOf } from "../../shell/model/source.ts";
import { type Handlers, serveCalls } from "../../shell/worker/serve.ts";
import { taskOf } from "../tasks/tasks.ts";
import { type Keeper, keeperOf } from "./keeper.ts";
import { train } from "./loop.ts";
import type { Calls } from "./protocol.ts";
import { readRun } from "./saved.ts";
import { openSession, type Session } from "./session.ts";
import { forget, kept } from "./store.ts";

let gpu: Gpu | undefined;
let open: { readonly session: Session; readonly keeper: Keeper } | undefined;
let pausing = false;
let training = false;

function close(): void {
  open?.session.dispose();
  open = undefined;
}

const opened = () => {
  if (!open) throw new Error("there is no model yet");
  return open;
};

const handlers: Handlers<Calls> = {
  kept: async ({ task, sim }) => {
    const file = await kept(task, sim);
    if (!file) return undefined;
    const { settings, text, history } = await readRun(file);
    return { settings, text, history };
  },
  open: async ({ settings, text, from, base, sim }, { report, signal }) => {
    if (!gpu) throw new Error("there is no GPU");
    close();
    report({ kind: "doing", what: "model" });
    const file = from === "kept" ? await kept(settings.task, sim) : from;
    const run = file && (await readRun(file));
    const loading = progressReport((progress) => report({ kind: "loading", progress }));
    const source = taskOf(settings.task).adapts
      ? await sourceOf({ source: base, ...standardHub }, signal, loading)
      : undefined;
    const session = await openSession(gpu, { settings, text }, run, { source, loading, signal });
    if (signal.aborted) session.dispose();
    signal.throwIfAborted();
    open = { session, keeper: keeperOf(session, sim) };
    return { facts: session.facts, history: session.history };
  },
  run: async ({ most }, { report }) => {
    const { session, keeper } = opened();
    pausing = false;
    training = true;
    try {
      return await train(session, keeper, { most, report, isPaused: () => pausing });
    } finally {
      training = false;
    }
  },
  pause: async () => {
    pausing = true;
    return undefined;
  },
  save: async (_, { report }) => {
    const { session, keeper } = opened();
    await (training ? keeper.ask() : keeper.save(report)); // no step may run while a run is being read
    return session.history.steps.length;
  },
  forget: async ({ task, sim }) => {
    pausing = true;
    close();
    await forget(task, sim);
    return undefined;
  },
  export: async ({ whole }) => await opened().session.exported(whole),
};

serveCalls(handlers, (device) => {
  gpu = device;
});
