import { argmax, gather, loadModel, matmul, openGpu, reshape, rmsNorm, ropeTable, tensor } from "shaderformer";
import { transformerBlock } from "./block.ts";

// The bundled model's next token: its weights and tokenizer, and the block by hand. A page would give an address.
const gpu = await openGpu();
const model = await loadModel(gpu, "examples/models/voices-dense");
const { weights, config } = model.decoder;
const { width, headWidth, positions: rope } = config;
if (rope.kind !== "rope") throw new Error("the bundled model has rotary positions");
const { theta, width: rotated, scaling } = rope;

const tokens = model.tokenizer.encode("<|whale|>The captain stood upon the deck");
const t = tokens.length;
const table = tensor(gpu, [t, headWidth / 2, 2], ropeTable({ theta, width: rotated, scaling, positions: t }));

const ids = tensor(gpu, [t], tokens, "u32");
let x = reshape(gather(gpu, { ids, table: weights.embedding }).y, [1, t, width]);
for (const block of weights.blocks) x = transformerBlock(gpu, x, block, table, headWidth);
const normed = weights.norm ? rmsNorm(gpu, { x, weight: weights.norm.weight }, { eps: config.eps }).y : x;
export const logits = matmul(gpu, { x: normed, weight: weights.head.weight }).y;

const likeliest = await argmax(gpu, { x: logits }).index.read();
console.log(JSON.stringify(model.tokenizer.decode(likeliest.slice(-1)))); // ","
