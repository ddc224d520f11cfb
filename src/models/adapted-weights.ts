import type { Adapter } from "../blocks/linear.ts";
import type { BlockWeights } from "../blocks/transformer-block.ts";
import type { FeedForwardSources, LayerSources, WeightSource } from "./family.ts";
import type { DecoderWeights } from "./weights.ts";

/** A projection that can be adapted. */
export interface Adaptable {
  readonly source: WeightSource;
  /** The fields of a block's weights that lead to it. */
  readonly path: readonly string[];
  /** True where its results choose or weigh experts: adapters leave it out unless they name it. */
  readonly routes: boolean;
}

/**
 * The projections of a layer that can be adapted: those of attention, latent attention's too, of dense layers and shared
 * experts, and of routers. The experts that are chosen are not among them: their products are of all experts together.
 */
export function adaptable({ q, k, v, output, latent, feedForward }: LayerSources): readonly Adaptable[] {
  const dense = ({ gate, up, down }: FeedForwardSources, ...path: readonly string[]) =>
    Object.entries({ gate, up, down }).map(([name, source]) => [source, ...path, name] as const);
  const layer =
    "router" in feedForward
      ? [
          ...(feedForward.shared ? dense(feedForward.shared, "feedForward", "shared") : []),
          [feedForward.router, "feedForward", "router"] as const,
          [feedForward.sharedGate, "feedForward", "sharedGate"] as const,
        ]
      : dense(feedForward, "feedForward");
  const found: readonly (readonly [WeightSource | undefined, ...string[]])[] = [
    ...Object.entries({ q, k, v, output }).map(([name, source]) => [source, "attention", name] as const),
    [latent?.queryDown, "attention", "latent", "query", "down"],
    ...layer,
  ];
  return found.flatMap(([source, ...path]) =>
    source ? [{ source, path, routes: ["router", "sharedGate"].includes(path.at(-1) ?? "") }] : [],
  );
}

/** A decoder's weights with adapters of the projections for which `adapterOf` gives one; memory is shared. */
export function adaptedWeights(
  weights: DecoderWeights,
  layers: readonly LayerSources[],
  adapterOf: (source: WeightSource) => Adapter | undefined,
): DecoderWeights {
  const blocks = weights.blocks.map((block, index): BlockWeights => {
    let changed = block;
    for (const { source, path } of adaptable(layers[index] as LayerSources)) {
      const adapter = adapterOf(source);
      if (adapter) changed = { ...withAdapter(changed, path, adapter), adapted: true };
    }
    return changed;
  });
  return { ...weights, blocks };
}

/** The same records but for an adapter of the projection that a path leads to. */
function withAdapter<T extends object>(record: T, [field, ...path]: readonly string[], adapter: Adapter): T {
  if (field === undefined) return { ...record, adapter };
  const inner = (record as Readonly<Record<string, object>>)[field] as object;
  return { ...record, [field]: withAdapter(inner, path, adapter) };
}
