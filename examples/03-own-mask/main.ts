import { attention, type CustomMask, normal, openGpu, type Tensor } from "shaderformer";
import { dense, attention as reference } from "shaderformer/reference";
import everyFourthKey from "./every-fourth-key.wgsl";

/** The mask in WGSL, which is joined with the attention kernel as it is, and its twin: the same for the CPU. */
const keeps = (_b: number, _h: number, q: number, k: number) => k <= q && (q - k < 8 || (q - k) % 4 === 0);
export const mask: CustomMask = { kind: "custom", wgsl: everyFourthKey.code, twin: keeps };

const [h, t, d] = [2, 24, 16];

// Which pairs it keeps: queries down, keys across.
const tokens = Array.from({ length: t }, (_, i) => i);
for (const q of tokens) console.log(tokens.map((k) => (keeps(0, 0, q, k) ? "█" : "·")).join(""));
const kept = tokens.flatMap((q) => tokens.filter((k) => keeps(0, 0, q, k))).length;
console.log(`${kept} of ${t * t} pairs of a query and a key`);

// Does the WGSL say the same as its twin? Attention by three kernels on the GPU, against the reference.
const gpu = await openGpu();
const random = (seed: number) => normal(gpu, [1, h, t, d], { seed });
const [q, k, v] = [random(1), random(2), random(3)];
const read = async (x: Tensor) => dense(x.shape, await x.read());
const right = reference({ q: await read(q), k: await read(k), v: await read(v) }, { mask: keeps }).out.values;
for (const variant of ["naive", "rows", "flash"] as const) {
  const out = await attention(gpu, { q, k, v }, { mask, variant }).out.read();
  const error = right.reduce((most, value, i) => Math.max(most, Math.abs(value - (out[i] ?? Number.NaN))), 0);
  if (!(error < 1e-5))
    throw new Error(`${variant}: mask and twin differ, or it is wrong; the largest error is ${error}`);
  console.log(`${variant}: right, the largest error is ${error.toExponential(1)}`);
}
gpu.close();
