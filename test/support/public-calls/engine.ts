// Calls of the methods of an engine that check what they are given by themselves, before it becomes a message.
import type { Engine } from "../../../src/index.ts";
import type { PublicCalls } from "./calls.ts";

/** Methods whose options are checked with those of the model, once it is known: see test/engine/refusals.ts. */
export const checkedByModel: ReadonlySet<string> = new Set(["Engine.generate", "Engine.probabilities"]);

/** The calls by the names of methods. */
export function engineCalls(engine: Engine): Readonly<Record<string, PublicCalls>> {
  const of = (method: keyof Engine, ...calls: PublicCalls["calls"]): PublicCalls => ({
    ...{ of: engine[method], on: engine, calls, runs: true },
  });
  const memory = { context: 16, cache: { dtype: "f32" } };
  return {
    "Engine.load": of("load", ["no folder", memory], [{ "config.json": new Blob([]) }, {}]),
    "Engine.plan": of("plan", ["no folder", memory]),
    "Engine.unload": of("unload", ["none"]),
    "Engine.tokenize": of("tokenize", ["a", { model: "none" }]),
    "Engine.attention": of("attention", [{ tokens: [1, 2], position: 1 }]),
    "Engine.experts": of("experts", [{ tokens: [1, 2] }]),
    "Engine.tune": of("tune", [{ model: "none", budget: 1000, store: false }]),
    "Engine.onEvent": of("onEvent", [() => undefined]),
  };
}
