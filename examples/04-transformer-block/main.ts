import {
  argmax,
  type BlockWeights,
  gather,
  loadModel,
  matmul,
  openGpu,
  reshape,
  rmsNorm,
  ropeTable,
  type Tensor,
  tensor,
} from "shaderformer";
import { transformerBlock } from "./block.ts";

// The bundled model's weights and tokenizer, and the block by hand. A page would give an address.
const gpu = await openGpu();
const model = await loadModel(gpu, "examples/models/voices-dense");
const { weights, config } = model.decoder;
const { width, headWidth, positions: rope } = config;
if (rope.kind !== "rope") throw new Error("the bundled model has rotary positions");
const { theta, width: rotated, scaling } = rope;

/** The logits after each token, `[1, t, v]`: embedding, blocks, norm, head. */
export function logitsOf(tokens: readonly number[]): Tensor {
  using scope = gpu.scope();
  const t = tokens.length;
  const table = tensor(gpu, [t, headWidth / 2, 2], ropeTable({ theta, width: rotated, scaling, positions: t }));
  const ids = tensor(gpu, [t], tokens, "u32");
  let x = reshape(gather(gpu, { ids, table: weights.embedding }).y, [1, t, width]);
  for (const block of weights.blocks as BlockWeights[]) x = transformerBlock(gpu, x, block, table, headWidth);
  const normed = weights.norm ? rmsNorm(gpu, { x, weight: weights.norm.weight }, { eps: config.eps }).y : x;
  return scope.keep(matmul(gpu, { x: normed, weight: weights.head.weight }).y);
}

// The likeliest token, again and again, each time from all tokens so far: the model's own session keeps keys and values.
const prompt = "<|whale|>The captain stood upon the deck";
const tokens = [...model.tokenizer.encode(prompt)];
const begin = tokens.length;
for (let i = 0; i < 8; i++) {
  const logits = logitsOf(tokens);
  const likeliest = await argmax(gpu, { x: logits }).index.read();
  tokens.push(likeliest.at(-1) ?? 0);
  logits.dispose();
}
const text = model.tokenizer.decode(tokens.slice(begin));
console.log(prompt + text);

const { rows } = await model.generate(prompt, { maxTokens: 8, temperature: 0 }).result;
const expected = rows[0]?.text;
if (text !== expected) throw new Error(`the model itself goes on with ${JSON.stringify(expected)}`);
console.log("The model itself goes on with the same text.");
