import { type AnyEntry, anyEntryOf } from "../direct/loaded.ts";
import type { EngineState } from "../direct/state.ts";
import type { ModelEntry } from "./types.ts";

const entryAnswer = ({ id, created, request: { base } }: AnyEntry): ModelEntry => ({
  id,
  object: "model",
  created,
  owned_by: "shaderformer",
  ...(base === undefined ? {} : { parent: base }),
});

/** The loaded models. */
export const answerModels = ({ models }: EngineState): ModelEntry[] =>
  [...models.values()].flatMap((entry) => (entry ? [entryAnswer(entry)] : []));

/** One loaded model; throws `RequestError` with status 404 for an unknown id. */
export const answerModel = ({ models }: EngineState, { id }: { readonly id: string }): ModelEntry =>
  entryAnswer(anyEntryOf(models, id));
