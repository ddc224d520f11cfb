import type { Tensor } from "../../../../src/tensor/tensor.ts";
import { freshFolder } from "../../../../src/train/initialisers/fresh-folder.ts";
import type { PairBatch } from "../../../../src/train/objectives/pair-batch.ts";
import { openTrainableEncoderDecoder } from "../../../../src/train/open/encoder-decoder.ts";
import { encoderDecoderConfig, pairFilesOf } from "../../setup/pair-folders.ts";
import { taskOf } from "../../tasks/tasks.ts";
import type { Run } from "../running.ts";
import { attentionWeights } from "./attention.ts";
import { type Kind, newFiles } from "./kind.ts";
import { type PairTexts, pairLearner } from "./pairs.ts";

/** Encoder-decoders: the prompt is the source, and the answer the target. */
export const encoderDecoderKind: Kind<PairBatch> = async (gpu, { settings, text }) => {
  const examples = taskOf(settings.task).examples(settings.length, text);
  const source = freshFolder(encoderDecoderConfig(settings, examples), {
    seed: settings.seed,
    files: pairFilesOf(examples),
  });
  const model = await openTrainableEncoderDecoder(gpu, source, { onWarning: () => undefined });
  const { layers, heads, headWidth } = settings;

  async function attention(run: Run<Tensor>, { source: read, read: before, said }: PairTexts) {
    const weights = (name: string, rows: number, columns: number, causal = false) =>
      attentionWeights({
        layers,
        heads,
        kvHeads: heads,
        headWidth,
        rows,
        columns,
        causal,
        tapped: (layer) => {
          const at = name.replace("N", String(layer));
          return Promise.all([run.tapped(`${at}.q`), run.tapped(`${at}.k`)]);
        },
      });
    const [s, t] = [read.length, before.length];
    return [
      { of: "source", tokens: said, columns: read, weights: await weights("decoder.N.cross", said.length, s) },
      { of: "encoder", tokens: read, weights: await weights("encoder.N.attention", s, s) },
      { of: "decoder", tokens: before, weights: await weights("decoder.N.attention", t, t, true) },
    ] as const;
  }

  return {
    ...pairLearner({
      examples,
      model,
      layers,
      heads,
      attention,
      partOf: (name) => {
        const [, stack, layer] = /(encoder|decoder)\.layers\.(\d+)\./.exec(name) ?? [];
        return stack === undefined ? "embeddings" : `${stack} ${layer}`;
      },
      taps: (name) => /^(en|de)coder\.\d+\.(attention|cross)\.[qk]$/.test(name),
    }),
    ...newFiles(model),
  };
};
