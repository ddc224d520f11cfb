import type { Adapter } from "../../blocks/linear.ts";
import { type ExpertsAdapter, isMixture } from "../../blocks/mixture.ts";
import type { LayerWeights } from "../../blocks/transformer-block.ts";
import type { FeedForwardSources, LayerSources, MixtureSources, WeightSource } from "../decoders/family.ts";
import type { DecoderWeights } from "./weights.ts";

/** A projection that can be adapted. */
export interface Adaptable {
  readonly source: WeightSource;
  /** The fields of a block's weights that lead to it. */
  readonly path: readonly string[];
  /** True: its results choose or weight experts, so adapters skip it unless they name it. */
  readonly routes: boolean;
  /** For a routed expert: its role there. Adapters of all experts of a layer are computed together. */
  readonly expert?: { readonly part: "gate" | "up" | "down"; readonly index: number } | undefined;
}

/**
 * The matrices of routed experts where each is a separate tensor, as PEFT adapts them: not in families that store all
 * experts of a layer in one tensor, and not in gpt-oss, which has biases and a clamped activation.
 */
function chosenExperts({ gateUp, gateUpBias, down }: MixtureSources): readonly Adaptable[] {
  if (gateUpBias || down.parts.some(([one]) => one?.shape.length !== 2)) return [];
  const of = (parts: readonly (readonly WeightSource[])[], names: readonly ("gate" | "up" | "down")[]) =>
    parts.flatMap((sources, index) =>
      sources.map((source, i): Adaptable => {
        const part = names[i] ?? "down";
        return { source, path: ["feedForward", part], routes: false, expert: { part, index } };
      }),
    );
  return [...of(gateUp.parts, ["gate", "up"]), ...of(down.parts, ["down"])];
}

/**
 * The projections of a layer that can be adapted: of attention, latent attention and layers with a state, of dense layers, of shared and
 * routed experts, and of routers.
 */
export function adaptable({ q, k, v, output, latent, state, feedForward }: LayerSources): readonly Adaptable[] {
  const dense = ({ gate, up, down }: FeedForwardSources, ...path: readonly string[]) =>
    Object.entries({ gate, up, down }).map(([name, source]) => [source, ...path, name] as const);
  const layer =
    feedForward && "router" in feedForward
      ? [
          ...(feedForward.shared ? dense(feedForward.shared, "feedForward", "shared") : []),
          [feedForward.router, "feedForward", "router"] as const,
          [feedForward.sharedGate, "feedForward", "sharedGate"] as const,
        ]
      : feedForward
        ? dense(feedForward, "feedForward")
        : [];
  const found: readonly (readonly [WeightSource | undefined, ...string[]])[] = [
    ...Object.entries({ q, k, v, output }).map(([name, source]) => [source, "attention", name] as const),
    [latent?.queryDown, "attention", "latent", "query", "down"],
    ...(["in", "qkv", "z", "b", "a", "out"] as const).flatMap((name) => {
      const source = state?.[name];
      return source && "name" in source ? [[source, "state", "weights", name] as const] : [];
    }),
    ...layer,
  ];
  const others = found.flatMap(([source, ...path]) =>
    source ? [{ source, path, routes: ["router", "sharedGate"].includes(path.at(-1) ?? "") }] : [],
  );
  return feedForward && "router" in feedForward ? [...others, ...chosenExperts(feedForward)] : others;
}

/**
 * A decoder's weights with adapters of the projections for which `adapterOf` gives one, and of the experts of layers
 * for which `expertsOf` does; memory is shared.
 */
export function adaptedWeights(
  weights: DecoderWeights,
  layers: readonly LayerSources[],
  adapterOf: (source: WeightSource) => Adapter | undefined,
  expertsOf: (layer: number) => ExpertsAdapter | undefined,
): DecoderWeights {
  const blocks = weights.blocks.map((block, index): LayerWeights => {
    let changed = block;
    const experts = expertsOf(index);
    if (experts && isMixture(block.feedForward)) {
      changed = { ...block, feedForward: { ...block.feedForward, adapter: experts }, adapted: true };
    }
    for (const { source, path, expert } of adaptable(layers[index] as LayerSources)) {
      const adapter = expert ? undefined : adapterOf(source);
      if (adapter) changed = { ...withAdapter(changed, path, adapter), adapted: true };
    }
    return changed;
  });
  return { ...weights, blocks };
}

/** A copy of the records with an adapter on the projection at a path. */
function withAdapter<T extends object>(record: T, [field, ...path]: readonly string[], adapter: Adapter): T {
  if (field === undefined) return { ...record, adapter };
  const inner = (record as Readonly<Record<string, object>>)[field] as object;
  return { ...record, [field]: withAdapter(inner, path, adapter) };
}
