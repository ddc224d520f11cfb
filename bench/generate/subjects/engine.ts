import type { Engine } from "shaderformer";
import { version } from "../../../package.json";
import { repositories } from "../repositories.ts";
import { type Sample, type Subject, stopwatch } from "../sample.ts";

/** This engine in any environment, with the model loaded from its hub. */
export async function engineSubject(opening: Promise<Engine>): Promise<Subject> {
  const engine = await opening;
  await engine.load(repositories.safetensors);
  const { info } = await engine.device();
  return {
    version,
    device: info.label,
    async generate(prompt, count): Promise<Sample> {
      const { tokens, arrived, times } = stopwatch();
      const generation = engine.generate({ prompt, temperature: 0, maxTokens: count });
      for await (const { token } of generation) if (token !== undefined) arrived(token);
      const { promptTokens, text, cachedTokens } = await generation.result;
      return { promptTokens, tokens, text, cachedTokens, ...times() };
    },
  };
}
