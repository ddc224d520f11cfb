import { maxTensorBytes } from "../blocks/kv-cache/cache.ts";
import type { CacheOptions } from "../blocks/kv-cache/cache-options.ts";
import { stateBytes } from "../blocks/state/cache.ts";
import type { Limits } from "../gpu/device/limits.ts";
import { GpuError } from "../gpu/errors.ts";
import { maxVocabulary } from "../kernels/sampling/sample.ts";
import { mebibytes } from "../options/bytes.ts";
import { cacheShape, stateShape } from "./decoders/cache.ts";
import { type DecoderConfig, widestRow } from "./decoders/config.ts";

/**
 * Throws `GpuError` when the vocabulary is too large to sample from, and, stating what is needed and available, when
 * this device cannot hold a model for sequences of `capacity` tokens. Weights larger than one binding are split, even
 * within an expert. A row of weights (four of an expert's, which its kernels compute together), one layer's keys, one
 * token's widest activation and the logits of a batch are not split.
 */
export function checkRequirements(
  gpu: { readonly limits: Pick<Limits, "binding" | "buffer">; readonly adapter: { readonly label: string } },
  config: DecoderConfig,
  capacity: number,
  batch = 1,
  cache: CacheOptions = {},
  ahead?: number,
): void {
  const { headWidth, width, heads, vocabulary, mixture, latent } = config;
  if (vocabulary > maxVocabulary) {
    throw new GpuError(`a token is chosen from at most ${maxVocabulary}, and the model's vocabulary has ${vocabulary}`);
  }
  const hidden = Math.max(config.hidden, mixture?.shared ?? 0);
  const layerKeys = maxTensorBytes(cacheShape(config, batch, capacity, cache, ahead));
  const states = stateShape(config);
  const layerState = states ? batch * stateBytes({ ...states, layers: 1 }) : 0;
  const ofExperts = mixture ? mixture.rule.k * Math.max(width, mixture.hidden) : 0;
  const ofLatent = latent ? 4 * heads * (latent.nope + latent.valueWidth) * latent.rank : 0;
  const widest = 4 * batch * Math.max(widestRow(config), ofExperts);
  const needs: [string, number][] = [
    [`the keys of one layer for ${batch} × ${capacity} tokens`, layerKeys],
    [`the states of one layer for ${batch} sequences`, layerState],
    ["one row of weights", 4 * Math.max(width, hidden, heads * headWidth, mixture?.hidden ?? 0)],
    ["four rows of an expert's weights", mixture ? 16 * Math.max(width, mixture.hidden) : 0],
    ["the projection from latents to keys and values", ofLatent],
    ["the activations of one token", widest],
    [`the logits of ${batch} × ${vocabulary} tokens`, 4 * batch * vocabulary],
  ];
  const limit = Math.min(gpu.limits.binding, gpu.limits.buffer);
  const tooLarge = needs.filter(([, bytes]) => bytes > limit);
  if (tooLarge.length === 0) return;
  const list = tooLarge.map(([what, bytes]) => `${mebibytes(bytes)} for ${what}`).join(", ");
  throw new GpuError(
    `${gpu.adapter.label} is too small for this model: it needs ${list}; one binding here holds ${mebibytes(limit)}`,
  );
}
