// The page of golden.test.ts: one model at a time, and the tasks by name.
import { type GpuOptions, type LanguageModel, loadModel, openGpu } from "../../src/index.ts";
import { tasks } from "./tasks.ts";

let model: LanguageModel | undefined;

Object.assign(globalThis, {
  async openModel(url: string, options: GpuOptions): Promise<string> {
    model?.gpu.close();
    model = await loadModel(await openGpu(options), url);
    return model.gpu.adapter.label;
  },
  runTask(name: keyof typeof tasks, ...values: unknown[]): Promise<unknown> {
    const task = tasks[name] as (model: LanguageModel | undefined, ...values: unknown[]) => Promise<unknown>;
    return task(model, ...values);
  },
});
