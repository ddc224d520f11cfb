import { descend } from "../../kernels/optimizer/descend.ts";
import { lion } from "../../kernels/optimizer/lion.ts";
import { momentum } from "../../kernels/optimizer/momentum.ts";
import {
  descend as descendReference,
  lion as lionReference,
  momentum as reference,
} from "../../reference/optimizers.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { Case, CaseTable } from "../case-table.ts";
import { normal } from "../random.ts";

/** Shapes and clipping of every table: with and without vectors of four, clipped, and with a norm that is small. */
const forms: readonly (readonly [name: string, shape: readonly number[], clip?: readonly number[]])[] = [
  ["one number", [1]],
  ["a matrix, not a multiple of four", [5, 7]],
  ["vectors of four", [8, 12]],
  ["clipped", [6, 6], [8, 0.125]],
  ["not clipped, since the norm is small", [6, 6], [0.5, 1]],
  ["10,000 numbers", [10_000]],
];

const infinite = ["a norm of infinity: nothing changes", [6, 6], [Number.POSITIVE_INFINITY, 0]] as const;

const clipped = (clip: readonly number[] | undefined) => (clip ? { clip: { shape: [2], values: clip } } : {});
const random = (shape: readonly number[], seed: number, scale = 1) => ({
  shape,
  values: normal(sizeOf(shape), seed, scale),
});

interface MomentumSettings {
  readonly momentum: number;
  readonly fresh: number;
  readonly ahead: number;
  readonly held: number;
  readonly decay: number;
}

type MomentumInputs = "gradient" | "parameter" | "velocity" | "clip?";

const kinds: Readonly<Record<string, MomentumSettings>> = {
  "SGD with decay": { momentum: 0.9, fresh: 1, ahead: 0, held: 1, decay: 0.1 },
  "Nesterov's": { momentum: 0.9, fresh: 1, ahead: 1, held: 0.9, decay: 0 },
  "Muon's": { momentum: 0.95, fresh: 0.05, ahead: 0.05, held: 0.95, decay: 0 },
};

const casesOfMomentum = Object.entries(kinds).flatMap(([kind, options]) =>
  forms.map(
    ([name, shape, clip]): Case<MomentumInputs, MomentumSettings> => ({
      name: `${kind}: ${name}`,
      inputs: {
        gradient: random(shape, 1),
        parameter: random(shape, 2),
        velocity: random(shape, 3, 0.3),
        ...clipped(clip),
      },
      options,
    }),
  ),
);

/** Momentum and its updates. */
export const momentumCases: CaseTable<MomentumInputs, "velocity" | "update", MomentumSettings, "momentum"> = {
  op: "momentum",
  variants: ["momentum"],
  canaries: false,
  reference,
  run: (gpu, tensors, { into: _, ...options }) => {
    const { update } = momentum(gpu, tensors, options);
    return { velocity: tensors.velocity, update };
  },
  cases: casesOfMomentum,
};

interface DescendSettings {
  readonly decay: number;
  readonly scale: number;
}

type DescendInputs = "parameter" | "update" | "scalars" | "clip?";

/** Steps against an update. */
export const descendCases: CaseTable<DescendInputs, "parameter", DescendSettings, "descend"> = {
  op: "descend",
  variants: ["descend"],
  canaries: false,
  reference: descendReference,
  run: (gpu, tensors, { into: _, ...options }) => descend(gpu, tensors, options),
  cases: [...forms, infinite].map(([name, shape, clip], i) => ({
    name,
    inputs: {
      parameter: random(shape, 1),
      update: random(shape, 2),
      scalars: { shape: [1], values: [0.02] },
      ...clipped(clip),
    },
    options: { decay: i % 2 === 0 ? 0.1 : 0, scale: i % 3 === 0 ? 1 : 1.5 },
  })),
};

interface LionSettings {
  readonly betas: readonly [number, number];
  readonly decay: number;
}

type LionInputs = "parameter" | "gradient" | "first" | "scalars" | "clip?";

/** Steps of Lion. */
export const lionCases: CaseTable<LionInputs, "parameter" | "first", LionSettings, "lion"> = {
  op: "lion",
  variants: ["lion"],
  canaries: false,
  reference: (tensors, { betas: [beta1, beta2], decay }) => lionReference(tensors, { beta1, beta2, decay }),
  run: (gpu, tensors, { into: _, ...options }) => {
    lion(gpu, tensors, options);
    return { parameter: tensors.parameter, first: tensors.first };
  },
  cases: [...forms, infinite].map(([name, shape, clip], i) => ({
    name,
    inputs: {
      parameter: random(shape, 1),
      gradient: random(shape, 2),
      first: random(shape, 3, 0.3),
      scalars: { shape: [1], values: [1e-3] },
      ...clipped(clip),
    },
    options: { betas: [0.9, 0.99], decay: i % 2 === 0 ? 0.1 : 0 },
  })),
};
