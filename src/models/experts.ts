import type { ConfigReader, MixtureConfig } from "./config.ts";
import { readActivation } from "./config.ts";
import type { MixtureSources, WeightSource } from "./family.ts";

/** A field of a `config.json` that holds a count, and the count where it is absent. */
interface Count {
  readonly field: string;
  readonly fallback?: number;
}

/** What the fields of a family's config say about its experts. */
export interface ExpertCounts {
  readonly experts: Count;
  /** Experts of a token, k. */
  readonly chosen: Count;
  /** Field of an expert's width. */
  readonly width: string;
  /** The weights of a token's experts add up to one. */
  readonly normalise: boolean;
}

/** What a family calls its experts; in names of weights, `*` is the expert's index. */
export interface ExpertNames extends ExpertCounts {
  readonly router: string;
  readonly gate: string;
  readonly up: string;
  readonly down: string;
}

/** The experts that a config asks for. Throws `FormatError` for counts that contradict, and for unknown gates. */
export function readExperts(config: ConfigReader, names: ExpertCounts): MixtureConfig {
  const { experts: all, chosen } = names;
  const experts = config.integer(all.field, all.fallback, 1024); // as many as the router can tell apart
  const k = config.integer(chosen.field, chosen.fallback);
  if (k > experts) config.fail(chosen.field, `is ${k}, more than ${all.field}, which is ${experts}`);
  if (readActivation(config, "hidden_act", "silu") !== "silu") {
    config.fail("hidden_act", `is ${config.text("hidden_act")}, expected silu (the gate of experts)`);
  }
  return {
    experts,
    hidden: config.integer(names.width, undefined, 1 << 22),
    rule: { k, scores: "softmax", normalise: names.normalise },
    activation: "swiglu",
  };
}

/** Where the weights of a layer's experts come from: one matrix for all gates and ups, one for all downs. */
export function expertSources(
  { experts, hidden }: MixtureConfig,
  /** Model width, c. */
  width: number,
  names: ExpertNames,
  /** The source of the layer's weight of that name. */
  weight: (name: string, out: number, input: number) => WeightSource,
): MixtureSources {
  const { router, gate, up, down } = names;
  const each = <T>(part: (expert: string) => T) => Array.from({ length: experts }, (_, e) => part(String(e)));
  const of = (name: string, expert: string, out: number, input: number) =>
    weight(name.replace("*", expert), out, input);
  return {
    router: weight(router, experts, width),
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
