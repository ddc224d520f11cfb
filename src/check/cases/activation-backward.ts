import {
  expBackward,
  geluBackward,
  geluTanhBackward,
  quickGeluBackward,
  reluBackward,
  sigmoidBackward,
  siluBackward,
  softcapBackward,
  softplusBackward,
  squaredReluBackward,
  tanhBackward,
} from "../../kernels/elementwise/activation-backward.ts";
import {
  gegluBackward,
  gegluErfBackward,
  regluBackward,
  swigluBackward,
} from "../../kernels/elementwise/gated-backward.ts";
import * as reference from "../../reference/activation-backward.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { type CaseInput, type CaseTable, variantsOf } from "../case-table.ts";
import { activationBackwardGates, softcapBackwardGate } from "../emulation/activation-backward.ts";
import { normal } from "../random.ts";
import { casesOf, plainOnly, squarable, values } from "./activation.ts";
import { softcapCases } from "./softcap.ts";

const like = ({ shape }: CaseInput, seed: number): CaseInput => ({ shape, values: normal(sizeOf(shape), seed) });

const plain = casesOf({ ...values, ...plainOnly }, (x) => ({ x, dy: like(x, 10) }));
const { "large values: exp and tanh would overflow": _, ...withoutOverflow } = values;
const ends: CaseInput = { shape: [7], values: [88, -87, -104, 0, -1e30, Number.POSITIVE_INFINITY, -100] };
const exponential = casesOf({ ...withoutOverflow, ...plainOnly, "the ends of exp": ends }, (x) => ({
  x,
  dy: like(x, 10),
}));
const squared = casesOf(squarable, (x) => ({ x, dy: like(x, 10) }));
const gated = casesOf(values, (gate) => ({ gate, up: like(gate, 9), dy: like(gate, 10) }));

const plainTable = (
  op:
    | ("geluBackward" | "geluTanhBackward" | "siluBackward" | "quickGeluBackward" | "reluBackward")
    | ("softplusBackward" | "squaredReluBackward" | "tanhBackward" | "sigmoidBackward"),
  run: typeof geluBackward,
  expected: typeof reference.geluBackward,
  cases = plain,
): CaseTable<"x" | "dy", "dx", object, keyof typeof geluBackward.variants> => ({
  op,
  variants: variantsOf(geluBackward),
  cases,
  reference: expected,
  run: (gpu, tensors, options, variant) => run(gpu, tensors, { ...options, variant }),
  gate: activationBackwardGates[op],
});

const gatedTable = (
  op: "swigluBackward" | "gegluBackward" | "gegluErfBackward" | "regluBackward",
  run: typeof swigluBackward,
  expected: typeof reference.swigluBackward,
): CaseTable<"gate" | "up" | "dy", "dgate" | "dup", object, keyof typeof swigluBackward.variants> => ({
  op,
  variants: variantsOf(swigluBackward),
  cases: gated,
  reference: expected,
  run: (gpu, tensors, options, variant) => run(gpu, tensors, { ...options, variant }),
  gate: activationBackwardGates[op],
});

/** Compared with the cap alone, as the exponential is. */
const expTable: CaseTable<"x" | "dy", "dx", object, keyof typeof geluBackward.variants> = {
  op: "expBackward",
  variants: variantsOf(geluBackward),
  cases: exponential,
  reference: reference.expBackward,
  run: (gpu, tensors, options, variant) => expBackward(gpu, tensors, { ...options, variant }),
};

/** The gradients of all but one are not finite in f32. */
const beyondTheCap: (typeof softcapCases.cases)[number] = {
  name: "large values, and one that is not",
  inputs: { x: { shape: [9], values: [1e30, -1e30, 3e38, -3e38, 0.7, 1e5, -1e5, 200, -200] } },
  options: { cap: 1.5 },
};

const softcapTable: CaseTable<"x" | "dy", "dx", { cap: number }, keyof typeof softcapBackward.variants> = {
  op: "softcapBackward",
  variants: variantsOf(softcapBackward),
  cases: softcapCases.cases
    .map((item) => (item.name.startsWith("large values") ? beyondTheCap : item))
    .map((item) => ({ ...item, inputs: { x: item.inputs.x, dy: like(item.inputs.x, 10) } })),
  reference: reference.softcapBackward,
  run: (gpu, tensors, options, variant) => softcapBackward(gpu, tensors, { ...options, variant }),
  gate: softcapBackwardGate,
};

/** Likewise, of tanh itself. */
const bent = casesOf(
  { ...withoutOverflow, ...plainOnly, "large values, and one that is not": beyondTheCap.inputs.x },
  (x) => ({ x, dy: like(x, 10) }),
);

export const activationBackwardCases: readonly CaseTable[] = [
  plainTable("geluBackward", geluBackward, reference.geluBackward),
  plainTable("geluTanhBackward", geluTanhBackward, reference.geluTanhBackward),
  plainTable("siluBackward", siluBackward, reference.siluBackward),
  plainTable("quickGeluBackward", quickGeluBackward, reference.quickGeluBackward),
  plainTable("reluBackward", reluBackward, reference.reluBackward),
  plainTable("squaredReluBackward", squaredReluBackward, reference.squaredReluBackward, squared),
  plainTable("softplusBackward", softplusBackward, reference.softplusBackward),
  plainTable("tanhBackward", tanhBackward, reference.tanhBackward, bent),
  plainTable("sigmoidBackward", sigmoidBackward, reference.logisticBackward),
  expTable,
  softcapTable,
  gatedTable("swigluBackward", swigluBackward, reference.swigluBackward),
  gatedTable("gegluBackward", gegluBackward, reference.gegluBackward),
  gatedTable("gegluErfBackward", gegluErfBackward, reference.gegluErfBackward),
  gatedTable("regluBackward", regluBackward, reference.regluBackward),
];
