import type { HubOptions } from "../../formats/hub/hub-options.ts";
import { openModel } from "../../formats/hub.ts";
import type { Progress } from "../../formats/load-progress.ts";
import type { FileSource } from "../../formats/source.ts";
import type { LanguageModel } from "../../generate/language-model.ts";
import { loadModel } from "../../generate/load/load-model.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import type { ModelSource } from "../engine.ts";
import type { LoadRequest } from "./loaded.ts";
import type { Report } from "./progress.ts";

/** Opens a model's source, and reports the phases of downloading too. */
export async function sourceOf(from: ModelSource, options: HubOptions, onProgress?: Report): Promise<FileSource> {
  return openModel(from, { ...options, onProgress });
}

/** The default id of a model: its source's name, or the last part of a path or an address. */
export function idOf(from: ModelSource, { name }: FileSource): string {
  if (typeof from !== "string") return name;
  return name.split(/[/\\]/).findLast((part) => part !== "") ?? name;
}

/** Loads a language model, and compiles what its first request needs. Nothing stays allocated if that fails. */
export async function loadReady(
  gpu: Gpu,
  source: FileSource,
  { context, cache, dtype, weights, chatTemplate, verify }: LoadRequest,
  report: Report,
  { signal, onWarning }: { readonly signal: AbortSignal | undefined; readonly onWarning: (text: string) => void },
): Promise<LanguageModel> {
  const given = { context, cache, dtype, weights, chatTemplate, verify, onProgress: report, onWarning, signal };
  const model = await loadModel(gpu, source, given);
  try {
    await compile(model, report, signal);
    return model;
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** Prompt tokens for compilation and warm-up: other lengths mostly use the same shaders. */
export const typicalPrompt = 16;

async function compile({ programs }: LanguageModel, report: Report, signal: AbortSignal | undefined) {
  const visible = programs.visible(typicalPrompt);
  const kind = { penalties: false, logprobs: 0 };
  const lists = [
    programs.prefill(typicalPrompt, visible, "last"),
    programs.sample(1, kind),
    programs.decode(1, visible, kind),
  ].map(({ program }) => program);
  const parts: Progress[] = lists.map(({ dispatches }) => ({
    done: 0,
    total: new Set(dispatches.map(({ shader }) => shader.code)).size,
  }));
  const sum = (of: keyof Progress) => parts.reduce((all, part) => all + part[of], 0);
  const reportAll = () => report({ phase: "compile", done: sum("done"), total: sum("total") });
  reportAll();
  for (const [i, program] of lists.entries()) {
    signal?.throwIfAborted();
    await program.compile((progress) => {
      parts[i] = progress;
      reportAll();
    });
  }
}
