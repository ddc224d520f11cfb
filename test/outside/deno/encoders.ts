// The states and vectors of the golden encoders, also with weights of f16, and the logits of their heads for masked
// tokens; and vectors of the bundled sentence encoder.
import { loadEncoder } from "../../../src/encoders.ts";
import type { Gpu } from "../../../src/index.ts";
import {
  cosineOf,
  encoderFolder,
  encoderGolden,
  farthest,
  halvedGolden,
  meanFolder,
  meanOf,
} from "../../encoders/encode/golden-encoders.ts";
import { headsGolden, logSoftmax } from "../../encoders/encode/golden-heads.ts";
import { fifty } from "../../support/sentences.ts";
import { type EncoderDistances, say } from "./report.ts";

/** Computes them on a device. */
export async function encodeGolden(gpu: Gpu, encoders: readonly string[]): Promise<void> {
  const features = [...gpu.features];
  for (const name of encoders) say({ kind: "encoder", name, features, far: await distancesOf(gpu, name) });
}

/** Computes vectors of the bundled one. */
export async function embedSentences(gpu: Gpu): Promise<void> {
  using encoder = await loadEncoder(gpu, "examples/models/use-lite");
  const { embeddings } = await encoder.embed(fifty.slice(0, 3));
  say({ kind: "vectors", vectors: embeddings.map((vector) => [...vector]) });
}

async function distancesOf(gpu: Gpu, name: string): Promise<EncoderDistances> {
  const { texts } = encoderGolden(name);
  let [states, cosine, halved, halvedCosine] = [0, 1, 0, 1];
  using plain = await loadEncoder(gpu, await meanFolder(name));
  for (const { text, layers: golden } of texts) {
    const { layers } = await plain.hidden(text);
    states = Math.max(states, farthest(layers.flat(), golden.flat()));
  }
  const { embeddings } = await plain.embed(texts.map(({ text }) => text));
  for (const [i, { layers }] of texts.entries()) {
    cosine = Math.min(cosine, cosineOf(embeddings[i] ?? [], meanOf(layers.at(-1) ?? [])));
  }
  using rounded = await loadEncoder(gpu, await meanFolder(name), { dtype: "f16" });
  for (const { text, last } of halvedGolden(name).texts) {
    halved = Math.max(halved, farthest((await rounded.hidden(text)).layers.at(-1) ?? [], last));
    const [vector = []] = (await rounded.embed([text])).embeddings;
    halvedCosine = Math.min(halvedCosine, cosineOf(vector, meanOf(last)));
  }
  using heads = await loadEncoder(gpu, encoderFolder(name));
  const { text, logits } = headsGolden(name).masked;
  const masks = (await heads.fillMask(text, { top: 1000 })).masks.map((tokens) =>
    [...tokens].sort((a, b) => a.id - b.id).map(({ probability }) => Math.log(probability)),
  );
  return { states, masks: farthest(masks, logits.map(logSoftmax)), cosine, halved, halvedCosine };
}
