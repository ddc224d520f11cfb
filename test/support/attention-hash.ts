// Prints the size of this adapter's subgroups and a hash of what attention in subgroups computes.
import { createHash } from "node:crypto";
import { attention, openGpu, tensor } from "../../src/index.ts";
import { normal } from "./random.ts";

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
console.log(gpu.adapter.subgroupSize, hash.digest("hex"));
gpu.close();
