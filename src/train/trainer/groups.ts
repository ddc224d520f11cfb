import type { Gpu } from "../../gpu/gpu.ts";
import type { Storage } from "../../gpu/storage.ts";
import { type Tensor, zeros } from "../../tensor/tensor.ts";
import { GradientError } from "../errors.ts";
import type { Optimiser } from "../optimisers/optimiser.ts";
import type { Parameter } from "../parameters.ts";
import type { ParameterRule } from "./options.ts";

/** A parameter that changes, with what the optimiser keeps of it. */
export interface Trained extends Parameter {
  readonly state: Readonly<Record<string, Tensor>>;
  readonly decay: number;
}

/** Parameters that change by one optimiser at one rate. */
export interface Group {
  readonly optimiser: Optimiser;
  /** Of the schedule's rate. */
  readonly factor: number;
  readonly members: readonly Trained[];
  /** What changes from step to step, written before each. */
  readonly scalars: Tensor;
}

/** What the rules say of a parameter; of several that match, the last one that says it. */
function settingsOf({ name, source }: Parameter, { weightDecay }: Optimiser, rules: readonly ParameterRule[]) {
  const matching = rules.filter(({ match }) => name.search(match) >= 0).toReversed();
  const said = <K extends keyof ParameterRule>(key: K) => matching.find((rule) => rule[key] !== undefined)?.[key];
  return {
    frozen: said("frozen") ?? false,
    factor: said("learningRate") ?? 1,
    decay: said("weightDecay") ?? (source.shape.length > 1 ? weightDecay : 0),
  };
}

/** Throws `GradientError` for a parameter that is not f32, and for two of one name or of the same memory. */
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

/** The parameters that change, in groups; memory of what is kept begins as zeros. */
export function groupsOf(
  gpu: Gpu,
  parameters: readonly Parameter[],
  chosen: Optimiser,
  rules: readonly ParameterRule[],
): Group[] {
  checkParameters(parameters);
  const groups = new Map<Optimiser, Map<number, Trained[]>>();
  for (const parameter of parameters) {
    const rest = chosen.rest?.isFor(parameter) ? chosen.rest : undefined;
    const { optimiser, factor: scale } = rest ?? { optimiser: chosen, factor: 1 };
    const { frozen, factor, decay } = settingsOf(parameter, optimiser, rules);
    if (frozen) continue;
    const shapes = Object.entries(optimiser.state(parameter.tensor.shape));
    const state = shapes.map(([name, shape]) => [name, zeros(gpu, shape, "f32", `${parameter.name} ${name}`)]);
    const byFactor = groups.get(optimiser) ?? new Map<number, Trained[]>();
    groups.set(optimiser, byFactor);
    const members = byFactor.get(scale * factor) ?? [];
    byFactor.set(scale * factor, members);
    members.push({ ...parameter, state: Object.fromEntries(state), decay });
  }
  return [...groups].flatMap(([optimiser, byFactor]) =>
    [...byFactor].map(([factor, members]) => {
      const { length } = optimiser.scalars(1, 0);
      return { optimiser, factor, members, scalars: zeros(gpu, [length], "f32", `${optimiser.name} scalars`) };
    }),
  );
}
