// Prints the size of this adapter's subgroups and a hash of what kernels in subgroups compute.
import { createHash } from "node:crypto";
import { normal } from "../../../src/check/random.ts";
import { attention, layerNorm, matmul, openGpu, rmsNorm, tensor } from "../../../src/index.ts";
import { projection } from "../../../src/kernels/matmul/projection.ts";

const gpu = await openGpu();
const random = (shape: readonly number[], seed: number) =>
  tensor(
    gpu,
    shape,
    normal(
      shape.reduce((size, axis) => size * axis, 1),
      seed,
    ),
  );
const tensors = { q: random([1, 6, 77, 64], 1), k: random([1, 2, 131, 64], 2), v: random([1, 2, 131, 64], 3) };
const hash = createHash("sha1");
for (const variant of ["subgroups", "splitSubgroups"] as const) {
  const { out, lse } = attention(gpu, tensors, { variant, lse: true });
  for (const result of [out, lse]) hash.update(Float32Array.from((await result?.read()) ?? []));
}
const product = matmul(gpu, { x: random([19, 76], 4), weight: random([45, 76], 5) }, { variant: "subgroups" });
hash.update(Float32Array.from(await product.y.read()));
const step = projection(
  gpu,
  { x: random([3, 76], 6), weight: random([46, 76], 7), norm: random([76], 8) },
  { eps: 1e-5, gate: "silu", variant: "fused" },
);
hash.update(Float32Array.from(await step.y.read()));
const normed = [
  rmsNorm(gpu, { x: random([9, 76], 9), weight: random([76], 8) }, { eps: 1e-5, variant: "subgroups" }),
  layerNorm(gpu, { x: random([70, 75], 10), weight: random([75], 11) }, { eps: 1e-5, variant: "subgroups" }),
];
for (const { y } of normed) hash.update(Float32Array.from(await y.read()));
console.log(gpu.adapter.subgroupSize, hash.digest("hex"));
gpu.close();
