import { openFiles } from "../../../../src/formats/files.ts";
import { readModelFolder } from "../../../../src/generate/load/model-folder.ts";
import { adapterConfig } from "../../../../src/generate/lora/read-adapter.ts";
import { mergedFolder } from "../../../../src/train/lora/merge.ts";
import { openLora } from "../../../../src/train/lora/open-lora.ts";
import { readAdapter } from "../../../../src/train/lora/read-adapter.ts";
import type { TokenBatch } from "../../../../src/train/objectives/token-batches.ts";
import { taskOf } from "../../tasks/tasks.ts";
import { decoderLearner } from "./decoder.ts";
import { filesOf, type Kind } from "./kind.ts";

/** A pretrained decoder with an adapter. */
export const adapterKind: Kind<TokenBatch> = async (gpu, { settings, text }, given) => {
  const { source: base = openFiles({}), loading, signal } = given;
  const { config, tokenizer, weights } = await readModelFolder(base);
  const examples = taskOf(settings.task).examples(settings.length, text, {
    vocabulary: config.vocabulary,
    encode: (words) => tokenizer.encode(words, { addSpecialTokens: false }),
    decode: (ids) => tokenizer.decode(ids),
  });
  const { rank, seed } = settings;
  // Downloaded as a whole before its tensors are read one by one, to cache it and to report progress.
  const weightFiles = new Set([...weights.tensors.values()].map(({ file }) => file));
  await base.prepare?.([...weightFiles], { signal });
  const trainable = await openLora(
    gpu,
    base,
    { rank, seed },
    {
      onWarning: () => undefined,
      ...(signal ? { signal } : {}),
      onProgress: loading,
    },
  );
  const files = async () => await filesOf(await trainable.writing());
  const whole = async () => {
    const all = await files();
    if (!all[adapterConfig]) throw new Error("the adapter has no settings");
    return await filesOf(await mergedFolder(base, await readAdapter(openFiles(all))));
  };
  return { ...decoderLearner(trainable, examples), files, whole };
};
