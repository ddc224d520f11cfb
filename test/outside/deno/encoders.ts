// The states and vectors of the golden encoders, also with weights of f16 and the logits of a head for masked tokens; and
// vectors of the bundled sentence encoder.
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
import { type EncoderDistances, type MoreDistances, say } from "./report.ts";

/** Computes them on a device; of the first encoder, or all of them, with weights of f16 and of masked tokens, too. */
export async function encodeGolden(gpu: Gpu, encoders: readonly string[], all: boolean): Promise<void> {
  const features = [...gpu.features];
  for (const [i, name] of encoders.entries()) {
    const more = all || i === 0 ? await moreDistancesOf(gpu, name) : undefined;
    say({ kind: "encoder", name, features, far: await distancesOf(gpu, name), more });
  }
}

/** Computes vectors of the bundled one. */
export async function embedSentences(gpu: Gpu): Promise<void> {
  using encoder = await loadEncoder(gpu, "examples/models/use-lite");
  const { embeddings } = await encoder.embed(fifty.slice(0, 3));
  say({ kind: "vectors", vectors: embeddings.map((vector) => [...vector]) });
}

async function distancesOf(gpu: Gpu, name: string): Promise<EncoderDistances> {
  const { texts } = encoderGolden(name);
  let [states, cosine] = [0, 1];
  using plain = await loadEncoder(gpu, await meanFolder(name));
  for (const { text, layers: golden } of texts) {
    const { layers } = await plain.hidden(text);
    states = Math.max(states, farthest(layers.flat(), golden.flat()));
  }
  const { embeddings } = await plain.embed(texts.map(({ text }) => text));
  for (const [i, { layers }] of texts.entries()) {
    cosine = Math.min(cosine, cosineOf(embeddings[i] ?? [], meanOf(layers.at(-1) ?? [])));
  }
  return { states, cosine };
}

async function moreDistancesOf(gpu: Gpu, name: string): Promise<MoreDistances> {
  let [states, cosine] = [0, 1];
  using rounded = await loadEncoder(gpu, await meanFolder(name), { dtype: "f16" });
  for (const { text, last } of halvedGolden(name).texts) {
    states = Math.max(states, farthest((await rounded.hidden(text)).layers.at(-1) ?? [], last));
    const [vector = []] = (await rounded.embed([text])).embeddings;
    cosine = Math.min(cosine, cosineOf(vector, meanOf(last)));
  }
  using heads = await loadEncoder(gpu, encoderFolder(name));
  const { text, logits } = headsGolden(name).masked;
  const masks = (await heads.fillMask(text, { top: 1000 })).masks.map((tokens) =>
    [...tokens].sort((a, b) => a.id - b.id).map(({ probability }) => Math.log(probability)),
  );
  return { masks: farthest(masks, logits.map(logSoftmax)), halved: { states, cosine } };
}
