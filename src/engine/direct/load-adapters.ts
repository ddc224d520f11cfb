import { loadAdapter } from "../../generate/lora/load-adapter.ts";
import type { DraftModel } from "../../generate/speculative/options.ts";
import { RequestError } from "../request-error.ts";
import type { AdapterSupport } from "./adapters.ts";
import { typicalPrompt } from "./load.ts";
import { proposing } from "./proposing.ts";
import { createSessions } from "./sessions.ts";

/**
 * How engines load adapters: see `setAdapters`. Throws `RequestError` for options of the base model, and as
 * `loadAdapter` does; nothing stays allocated then.
 */
export const adaptersForEngines: AdapterSupport = {
  async load(base, source, request, limits, given) {
    const { context, cache, dtype, weights, chatTemplate, verify, tuned, speculative } = request;
    const draft = speculative?.kind === "draft" ? speculative : undefined;
    const others = { context, cache, dtype, weights, chatTemplate, verify, tuned, speculative: draft };
    const [param] = Object.entries(others).find(([, value]) => value !== undefined) ?? [];
    if (param !== undefined) {
      throw new RequestError(`load: ${param} is the model's own, not its adapter's: leave it out with base`, {
        param,
        code: "unsupported_value",
      });
    }
    const model = await loadAdapter(base.model, source, given);
    try {
      // Turns are shared with the base, so that both together compute as many concurrent requests as one model.
      const sessions = createSessions(model, limits, base.sessions.turns);
      // The adapter verifies the proposals of the model's draft, which needs no adapter.
      const lent = base.draft && (proposing(base, { kind: "draft" }) as DraftModel);
      const speculative = proposing({ id: model.name, draft: undefined, lent, request }, undefined);
      const { temperature = 1 } = model.defaults.options;
      const session = await sessions.take([], given.signal);
      if (session) {
        const kind = speculative ? { speculative, temperature } : {};
        await session.warm(Math.min(typicalPrompt, model.context), kind);
        sessions.give(session);
      }
      given.signal?.throwIfAborted();
      return { model, draft: undefined, lent, tuned: 0, sessions };
    } catch (error) {
      model.dispose();
      throw error;
    }
  },
};
