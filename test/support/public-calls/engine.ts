// Calls of the methods of an engine that check what they are given by themselves, before it becomes a message.
import type { Engine } from "../../../src/index.ts";
import type { PublicCalls } from "./calls.ts";

/** Methods whose arguments are checked with those of the model, once it is known: see test/engine/refusals.ts. */
export const checkedByModel: ReadonlySet<string> = new Set([
  "Engine.generate",
  "Engine.load",
  "Engine.plan",
  "Engine.probabilities",
  "Engine.tokenize",
]);

/** The calls by the names of methods. */
export function engineCalls(engine: Engine): Readonly<Record<string, PublicCalls>> {
  const of = (method: keyof Engine, ...calls: PublicCalls["calls"]): PublicCalls => ({
    ...{ of: engine[method], on: engine, calls, runs: true },
  });
  return {
    "Engine.unload": of("unload", ["none"]),
    "Engine.attention": of("attention", [{ tokens: [1, 2], position: 1 }]),
    "Engine.experts": of("experts", [{ tokens: [1, 2] }]),
    "Engine.tune": of("tune", [{ model: "none", budget: 1000, store: false }]),
    "Engine.onEvent": of("onEvent", [() => undefined]),
  };
}
