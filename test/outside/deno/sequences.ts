// The states, logits, greedy tokens and searches of the golden encoder-decoders, and how far weights of f16 are from
// f32.
import { loadEncoderDecoder } from "../../../src/encoders.ts";
import type { Gpu } from "../../../src/index.ts";
import { farthest } from "../../encoders/encode/golden-encoders.ts";
import { sequenceGolden, sequenceSource } from "../../encoders/seq2seq/golden.ts";
import { halvedDistances } from "../../encoders/seq2seq/halved.ts";
import { type Report, say } from "./report.ts";

/** Computes them on a device. */
export async function generateGoldenSequences(gpu: Gpu, models: readonly string[]): Promise<void> {
  for (const [i, name] of models.entries()) say(await sequencesOf(gpu, name, i === 0));
}

/**
 * Every golden text alone for its states, all together for their tokens; of the first model a search, and weights of
 * f16.
 */
async function sequencesOf(gpu: Gpu, name: string, isFirst: boolean): Promise<Report> {
  using model = await loadEncoderDecoder(gpu, sequenceSource(name), { onWarning: () => {} });
  const { texts, forced } = sequenceGolden(name);
  const given = texts.map(({ text }) => text);
  let distance = 0;
  for (const { text, states } of texts) {
    distance = Math.max(distance, farthest((await model.hidden(text)).layers.at(-1) ?? [], states));
  }
  const { logits = [] } = await model.hidden(given[0] ?? "", { target: forced.ids.slice(1) });
  const ofLogits = farthest(
    forced.rows.map((row) => logits[row] ?? []),
    forced.logits,
  );
  const { results } = await model.generate(given, { maxTokens: 20, beams: 1 });
  const tokens = results.map(({ ids }) => ids);
  const searches = [];
  for (const { options } of texts[0]?.beams?.slice(0, Number(isFirst)) ?? []) {
    const [best] = (await model.generate(given[0] ?? "", { maxTokens: 20, ...options })).results;
    searches.push({ ids: best?.ids ?? [], score: best?.score ?? 0 });
  }
  const halved = isFirst ? await halvedDistances(gpu, name, "f16") : undefined;
  return { kind: "sequences", name, features: [...gpu.features], distance, ofLogits, tokens, searches, halved };
}
