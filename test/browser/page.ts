// The page of golden.test.ts: one model at a time, and the tasks by name.
import { type GpuOptions, type LanguageModel, loadModel, openGpu } from "../../src/index.ts";
import { tasks } from "./generate/tasks.ts";

let model: LanguageModel | undefined;

Object.assign(globalThis, {
  /** Loads the model from an address relative to the page, or from a URL object. */
  async openModel(address: string, asUrl: boolean, options: GpuOptions): Promise<string> {
    model?.gpu.close();
    model = await loadModel(await openGpu(options), asUrl ? new URL(address, location.href) : address);
    return model.gpu.adapter.label;
  },
  runTask(name: keyof typeof tasks, ...values: unknown[]): Promise<unknown> {
    const task = tasks[name] as (model: LanguageModel | undefined, ...values: unknown[]) => Promise<unknown>;
    return task(model, ...values);
  },
});
