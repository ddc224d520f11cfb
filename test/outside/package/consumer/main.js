// A first program with the installed package; run unchanged in Node, bundled in a browser.
import { openGpu, rmsNorm, tensor } from "shaderformer";

const gpu = await openGpu();
const x = tensor(gpu, [2, 4], [1, 2, 3, 4, -1, 0, 1, 0]);
const weight = tensor(gpu, [4], [1, 1, 0.5, 2]);
const { y } = rmsNorm(gpu, { x, weight }, { eps: 0 });
globalThis.result = { adapter: gpu.adapter.label, y: [...(await y.read())] };
console.log(JSON.stringify(globalThis.result));
gpu.close();
