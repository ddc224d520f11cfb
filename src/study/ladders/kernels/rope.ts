// Rotary position embedding whose cosines and sines are computed by the kernel.
import angles from "#shaders/ladders/rope/angles.wgsl";
import turns from "#shaders/ladders/rope/turns.wgsl";
import { dense } from "../../../reference/dense.ts";
import { rope } from "../../../reference/rope.ts";
import { type Dispatch, floats } from "../../dispatch.ts";
import { type StudyKernel, shaped } from "../../kernel.ts";

const base = 10_000;

/** How far one position turns pair i, in whole turns. */
const turnOf = (i: number, pairs: number): number => base ** (-i / pairs) / (2 * Math.PI);

/** A number cut to 8 bits, and the rest. */
function inTwo(value: number): [number, number] {
  const unit = 2 ** (Math.floor(Math.log2(value)) - 7);
  const first = Math.floor(value / unit) * unit;
  return [first, value - first];
}

const tableOfTurns = (pairs: number): Float32Array =>
  Float32Array.from(Array.from({ length: pairs }, (_, i) => inTwo(turnOf(i, pairs))).flat());

/** Cosine and sine of each pair at positions from `start` on. */
function tableOf(start: number, tokens: number, pairs: number) {
  const table = dense([tokens, pairs, 2]);
  for (let t = 0; t < tokens; t++) {
    for (let i = 0; i < pairs; i++) {
      const turned = (start + t) * turnOf(i, pairs);
      const angle = 2 * Math.PI * (turned - Math.round(turned));
      table.values.set([Math.cos(angle), Math.sin(angle)], 2 * (t * pairs + i));
    }
  }
  return table;
}

const rotated = (source: typeof angles, more: (pairs: number) => Dispatch["inputs"], bytes: number): StudyKernel =>
  shaped(source, {
    sizes: {
      tokens: { meaning: "tokens", usual: 6 },
      heads: { meaning: "heads of a token", usual: 3, most: 64 },
      width: { meaning: "elements of a head", usual: 64, most: 1024, multipleOf: 2 },
      start: { meaning: "position of the first token", usual: 1, least: 0, most: 65_000 },
    },
    small: { sizes: { tokens: 2, heads: 2, width: 6, start: 1 }, constants: { WORKGROUP: 4 } },
    dispatch: ({ tokens: t, heads: h, width: d, start }, value) => ({
      uniforms: { params: { t, h, d, start } },
      inputs: Object.assign({ x: floats(t * h * d) }, more(d / 2)),
      outputs: { y: t * h * d },
      workgroups: [Math.ceil((t * h * d) / 2 / value("WORKGROUP")), 1, 1],
    }),
    reference: {
      name: "rope",
      results: ({ x }, { tokens: t, heads: h, width: d, start }) =>
        rope({ x: dense([1, t, h, d], x), table: tableOf(start, t, d / 2) }, { layout: "halves" }),
    },
    cost: { requestedBytes: `${bytes} * tokens * heads * (width / 2)` },
  });

/** The kernels, each with a dispatch. */
export const kernels: readonly StudyKernel[] = [
  rotated(angles, () => ({}), 16),
  rotated(turns, (pairs) => ({ turns: tableOfTurns(pairs) }), 24),
];
