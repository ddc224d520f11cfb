import { alias, type Field, type FieldReader, flag, integer, list, optional } from "../../formats/json/fields.ts";
import { activationName, activationOf } from "../config-fields.ts";
import type { MixtureConfig } from "./config.ts";
import type { MixtureSources, WeightSource } from "./family.ts";

/** A field of a `config.json` that holds a count, with its default. */
interface Count {
  readonly field: string;
  /** Its name in newer files. */
  readonly also?: string;
  readonly fallback?: number;
}

/** How a family's config describes its experts. */
export interface ExpertCounts {
  readonly experts: Count;
  /** Experts per token, k. */
  readonly chosen: Count;
  /** Field with an expert's width. */
  readonly width: string;
  /** The weights of a token's experts sum to one: always, or if a field says so. */
  readonly normalise: boolean | "norm_topk_prob";
  /** `mlp_only_layers` and `decoder_sparse_step` give the layers without experts. */
  readonly denseLayers?: boolean;
  /** The shared expert. */
  readonly shared?: {
    /** Field with its width. */
    readonly width: string;
  };
}

/** The names of a family's expert weights; `*` is the expert's index. */
export interface ExpertNames extends ExpertCounts {
  readonly router: string;
  readonly gate: string;
  readonly up: string;
  readonly down: string;
  /**
   * Stacked tensors of all experts, which a checkpoint may have instead: `[e, 2f, c]`, gates before ups, and `[e, c,
   * f]`.
   */
  readonly fused?: { readonly gateUp: string; readonly down: string };
  readonly shared?: {
    readonly width: string;
    readonly gate: string;
    readonly up: string;
    readonly down: string;
    /** A projection to one number; the shared expert's result is multiplied by its sigmoid. */
    readonly weighing: string;
  };
}

/** What configs of all families say about experts. */
const fields = {
  hidden_act: optional(activationName(false), "silu"),
  num_hidden_layers: integer(1, 1 << 12),
  mlp_only_layers: optional(list(integer(0), "layers")),
  decoder_sparse_step: optional(integer(), 1),
};

/** The field of a count, at most `most`. */
function countField({ also, fallback }: Count, most?: number): Field<number> {
  const named = also === undefined ? integer(1, most) : alias(integer(1, most), also);
  return fallback === undefined ? named : optional(named, fallback);
}

/**
 * The experts that a config describes. Throws `FormatError` for contradictory counts, unknown gates, and a list of
 * layers that is invalid.
 */
export function readExperts(config: FieldReader, names: ExpertCounts): MixtureConfig {
  const { experts: all, chosen, shared } = names;
  const given = config.read(fields);
  const width = (field: string) => config.field(field, integer(1, 1 << 22));
  const experts = config.field(all.field, countField(all, 1024)); // the router's maximum
  const k = config.field(chosen.field, countField(chosen));
  if (k > experts) {
    const field = all.also && (config.raw[all.field] ?? undefined) === undefined ? all.also : all.field;
    config.fail(chosen.field, `is ${k}, more than ${field}, which is ${experts}`);
  }
  if (activationOf(given.hidden_act) !== "silu") {
    config.fail("hidden_act", `is ${given.hidden_act}, expected silu (the gate of experts)`);
  }
  const normalise =
    typeof names.normalise === "string" ? config.field(names.normalise, optional(flag, false)) : names.normalise;
  // Layers without experts: those listed, and those whose number, counted from 1, is not a multiple of the step.
  const listed = new Set(given.mlp_only_layers);
  const isDense = (layer: number) => listed.has(layer) || (layer + 1) % given.decoder_sparse_step !== 0;
  const dense = Array.from({ length: given.num_hidden_layers }, (_, layer) => layer).filter(isDense);
  return {
    experts,
    hidden: width(names.width),
    rule: { k, scores: "softmax", normalise },
    activation: "swiglu",
    ...(shared ? { shared: width(shared.width) } : {}),
    ...(names.denseLayers ? { dense } : {}),
  };
}

/** Looks up a layer's weights by the part of their names after the layer. */
export interface LayerWeights {
  /** The source of a tensor. */
  readonly source: (rest: string, ...shape: number[]) => WeightSource;
  /** Whether the checkpoint has it. */
  readonly has: (rest: string) => boolean;
}

/** The sources of a layer's expert weights: one matrix for all gates and ups, one for all downs. */
export function expertSources(
  mixture: MixtureConfig,
  /** Model width, c. */
  width: number,
  names: ExpertNames,
  weights: LayerWeights,
): MixtureSources {
  const weight = (rest: string, out: number, input: number) => weights.source(`${rest}.weight`, out, input);
  const { shared } = names;
  return {
    router: weight(names.router, mixture.experts, width),
    ...stackSources(mixture, width, names, weights),
    ...(shared && mixture.shared
      ? {
          shared: {
            gate: weight(shared.gate, mixture.shared, width),
            up: weight(shared.up, mixture.shared, width),
            down: weight(shared.down, width, mixture.shared),
          },
          sharedGate: weight(shared.weighing, 1, width),
        }
      : {}),
  };
}

/** The sources of the stacks: slices of the checkpoint's stacks if it has them, else one tensor per expert. */
export function stackSources(
  { experts, hidden }: MixtureConfig,
  width: number,
  { gate, up, down, fused }: Pick<ExpertNames, "gate" | "up" | "down" | "fused">,
  { source, has }: LayerWeights,
): Pick<MixtureSources, "gateUp" | "down"> {
  const each = <T>(part: (expert: number) => T) => Array.from({ length: experts }, (_, e) => part(e));
  if (fused && has(fused.gateUp)) {
    const both = source(fused.gateUp, experts, 2 * hidden, width);
    const half = (i: number): WeightSource => ({ ...both, rows: [i * hidden, (i + 1) * hidden] });
    const downs = source(fused.down, experts, width, hidden);
    return {
      gateUp: { label: both.name, parts: each((e) => [half(2 * e), half(2 * e + 1)]) },
      down: { label: downs.name, parts: [[downs]] },
    };
  }
  const of = (name: string, expert: number | "*", out: number, input: number) =>
    source(`${name.replace("*", String(expert))}.weight`, out, input);
  return {
    gateUp: {
      label: `${of(gate, "*", hidden, width).name} with ${up}`,
      parts: each((e) => [of(gate, e, hidden, width), of(up, e, hidden, width)]),
    },
    down: {
      label: of(down, "*", width, hidden).name,
      parts: each((e) => [of(down, e, width, hidden)]),
    },
  };
}
