// Calls of matrix products, with weights of every format.
import { variantsOf } from "../../../src/check/case-table.ts";
import { wholeBlocks } from "../../../src/check/packed.ts";
import * as library from "../../../src/index.ts";
import { weightTypes } from "../../../src/kernels/formats/formats.ts";
import { gemm } from "../../../src/kernels/gemm/gemm.ts";
import { matmul } from "../../../src/kernels/matmul/matmul.ts";
import { isPlain } from "../../../src/tensor/formats/formats.ts";
import { loadPackedFormats } from "../../../src/tensor/formats/packed.ts";
import { type CountedCall, type Inputs, named } from "./call.ts";

await loadPackedFormats();

export function weightCalls(inputs: Inputs): Readonly<Record<string, CountedCall>> {
  const { gpu, random } = inputs;
  const found: Record<string, () => unknown> = {};
  for (const variant of variantsOf(matmul)) {
    const [rows, k, n] = variant === "tiled" ? [3, 20, 5] : [3, 32, 5];
    const tensors = () => ({
      x: random([rows, k]),
      weight: random([n, k]),
      ...(/^(vector|register)/.test(variant) ? {} : { bias: random([n]) }),
    });
    found[`matmul ${variant}`] = () => matmul(gpu, tensors(), { variant });
  }
  for (const dtype of weightTypes) {
    const [n, k] = [3, wholeBlocks(dtype, 32)];
    const tensors = (rows: number) => ({ x: random([rows, k]), weight: random([n, k], dtype) });
    for (const variant of ["register", "vectorSubgroups"] as const) {
      found[`matmul ${variant}, ${dtype}`] = () => matmul(gpu, tensors(2), { variant });
    }
    if (isPlain(dtype)) {
      found[`matmul vectorSubgroups, ${dtype}, eight rows`] = () =>
        matmul(gpu, tensors(8), { variant: "vectorSubgroups" });
    } else {
      found[`gather, ${dtype}`] = () =>
        library.gather(gpu, { ids: inputs.words([2], 2, 0), table: random([n, k], dtype) });
    }
  }
  const [m, k, n] = [8, 12, 4];
  const forms = {
    A·B: () => ({ a: random([m, k]), b: random([k, n]) }),
    A·Bᵀ: () => ({ a: random([m, k]), b: library.transpose(random([n, k])) }),
    Aᵀ·B: () => ({ a: library.transpose(random([k, m])), b: random([k, n]) }),
    "odd sizes": () => ({ a: random([5, 3]), b: random([3, 2]) }),
  };
  for (const [turn, variant] of variantsOf(gemm).entries()) {
    for (const [i, [name, form]] of Object.entries(forms).entries()) {
      if (i < 3 && i !== turn % 3) continue; // of three layouts one, by turns
      found[`gemm ${variant}, ${name}`] = () => {
        const tensors = form();
        return gemm(gpu, { ...tensors, bias: random([tensors.b.shape[1] ?? 0]) }, { variant });
      };
    }
  }
  for (const variant of ["naive", "splitK"] as const) {
    found[`gemm ${variant}, added to what is there`] = () =>
      gemm(gpu, forms["A·B"](), { variant, into: { y: random([m, n]) }, accumulate: true });
  }
  for (const activation of ["relu", "silu", "gelu", "gelu-tanh"] as const) {
    found[`gemm naive, ${activation}`] = () =>
      gemm(gpu, { ...forms["A·B"](), bias: random([n]) }, { variant: "naive", activation });
  }
  found["matmulInt8"] = () =>
    library.matmulInt8(
      gpu,
      { x: random([5, 64]), weight: random([6, 64], "q8_0"), bias: random([6]) },
      { dot: "plain" },
    );
  found["headMatmul"] = () => library.headMatmul(gpu, { x: random([3, 2, 4]), weight: random([2, 5, 4]) });
  const gated = (cols: number) =>
    library.projection(
      gpu,
      { x: random([2, cols]), weight: random([16, cols]), norm: random([cols]) },
      { eps: 1e-5, gate: "silu", variant: "fused" },
    );
  const added = (cols: number) =>
    library.projection(
      gpu,
      { x: random([2, cols]), weight: random([16, cols]), residual: random([2, 16]) },
      { variant: "fused" },
    );
  return {
    ...named(found),
    "projection, normed and gated": { record: () => gated(64), grown: () => gated(128), all: true },
    "projection, added": { record: () => added(64), grown: () => added(128), all: true },
  };
}
