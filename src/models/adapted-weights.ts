import type { AttentionWeights } from "../blocks/attention.ts";
import type { FeedForwardWeights } from "../blocks/feed-forward.ts";
import type { Adapter, Linear } from "../blocks/linear.ts";
import type { BlockWeights } from "../blocks/transformer-block.ts";
import type { LayerSources, WeightSource } from "./family.ts";
import type { DecoderWeights } from "./weights.ts";

/** The projections of a layer that can be adapted, by the name that they have in a block: those of dense layers. */
export function adaptable({ feedForward, ...layer }: LayerSources): Readonly<Record<string, WeightSource>> {
  const { q, k, v, output, latent } = layer;
  const dense = "router" in feedForward ? {} : feedForward;
  const { gate, up, down } = dense as Partial<Record<"gate" | "up" | "down", WeightSource>>;
  const found = { ...(latent ? {} : { q, k, v, output }), gate, up, down };
  return Object.fromEntries(Object.entries(found).filter((entry): entry is [string, WeightSource] => !!entry[1]));
}

/** A decoder's weights with adapters of the projections for which `adapterOf` gives one; memory is shared. */
export function adaptedWeights(
  weights: DecoderWeights,
  layers: readonly LayerSources[],
  adapterOf: (source: WeightSource) => Adapter | undefined,
): DecoderWeights {
  const blocks = weights.blocks.map((block, index): BlockWeights => {
    const sources = adaptable(layers[index] as LayerSources);
    const adapters = Object.entries(sources).map(([name, source]) => [name, adapterOf(source)] as const);
    const found = new Map(adapters.filter(([, adapter]) => adapter));
    if (found.size === 0) return block;
    const changed = <T extends object>(layer: T): T => {
      const entries = Object.entries(layer).map(([name, one]) => {
        const adapter = found.get(name);
        return [name, adapter ? { ...(one as Linear), adapter } : one] as const;
      });
      return Object.fromEntries(entries) as unknown as T;
    };
    const attention: AttentionWeights = changed(block.attention);
    const feedForward =
      "router" in block.feedForward ? block.feedForward : changed<FeedForwardWeights>(block.feedForward);
    return { ...block, attention, feedForward, adapted: true };
  });
  return { ...weights, blocks };
}
