import type { Gpu } from "../../gpu/gpu.ts";
import type { Storage } from "../../gpu/storage.ts";
import { type Tensor, zeros } from "../../tensor/tensor.ts";
import { GradientError } from "../gradients/rule.ts";
import type { Parameter } from "../open/parameters.ts";
import type { Optimizer } from "../optimizers/optimizer.ts";
import type { ParameterRule } from "./options.ts";

/** A trained parameter, with its optimizer state. */
export interface Trained extends Parameter {
  readonly state: Readonly<Record<string, Tensor>>;
  readonly decay: number;
}

/** Parameters updated by one optimizer at one rate. */
export interface Group {
  readonly optimizer: Optimizer;
  /** Factor of the schedule's rate. */
  readonly factor: number;
  readonly members: readonly Trained[];
  /** Values that change from step to step, written before each. */
  readonly scalars: Tensor;
}

/** The rules' settings for a parameter; of several matching rules, the last counts. */
function settingsOf({ name, source }: Parameter, { weightDecay }: Optimizer, rules: readonly ParameterRule[]) {
  const matching = rules.filter(({ match }) => name.search(match) >= 0).toReversed();
  const said = <K extends keyof ParameterRule>(key: K) => matching.find((rule) => rule[key] !== undefined)?.[key];
  return {
    frozen: said("frozen") ?? false,
    factor: said("learningRate") ?? 1,
    decay: said("weightDecay") ?? (source.shape.length > 1 ? weightDecay : 0),
  };
}

/** Throws `GradientError` for a parameter that is not f32, and for two with one name or the same memory. */
function checkParameters(parameters: readonly Parameter[]): void {
  const names = new Set<string>();
  const taken = new Map<Storage, { readonly name: string; readonly begin: number; readonly end: number }[]>();
  for (const { name, tensor } of parameters) {
    if (tensor.dtype !== "f32")
      throw new GradientError(`train: ${name} is ${tensor.dtype} on the device, expected f32`);
    if (names.has(name)) throw new GradientError(`train: there are two parameters ${name}, expected each once`);
    names.add(name);
    const [begin, end] = [tensor.offset, tensor.offset + tensor.size];
    for (const storage of tensor.storages) {
      const others = taken.get(storage) ?? [];
      const other = others.find((one) => one.begin < end && begin < one.end);
      if (other)
        throw new GradientError(`train: ${name} and ${other.name} are one memory, which would move twice a step`);
      taken.set(storage, [...others, { name, begin, end }]);
    }
  }
}

/** The trained parameters, in groups; state is initially zero. */
export function groupsOf(
  gpu: Gpu,
  parameters: readonly Parameter[],
  chosen: Optimizer,
  rules: readonly ParameterRule[],
): Group[] {
  checkParameters(parameters);
  const groups = new Map<Optimizer, Map<number, Trained[]>>();
  for (const parameter of parameters) {
    const rest = chosen.rest?.isFor(parameter) ? chosen.rest : undefined;
    const { optimizer, factor: scale } = rest ?? { optimizer: chosen, factor: 1 };
    const { frozen, factor, decay } = settingsOf(parameter, optimizer, rules);
    if (frozen) continue;
    const shapes = Object.entries(optimizer.state(parameter.tensor.shape));
    const state = shapes.map(([name, shape]) => [name, zeros(gpu, shape, "f32", `${parameter.name} ${name}`)]);
    const byFactor = groups.get(optimizer) ?? new Map<number, Trained[]>();
    groups.set(optimizer, byFactor);
    const members = byFactor.get(scale * factor) ?? [];
    byFactor.set(scale * factor, members);
    members.push({ ...parameter, state: Object.fromEntries(state), decay });
  }
  return [...groups].flatMap(([optimizer, byFactor]) =>
    [...byFactor].map(([factor, members]) => {
      const { length } = optimizer.scalars(1, 0);
      return { optimizer, factor, members, scalars: zeros(gpu, [length], "f32", `${optimizer.name} scalars`) };
    }),
  );
}
