import { type Architecture, decoders } from "../tasks/task.ts";
import { type TaskName, taskOf } from "../tasks/tasks.ts";

/** Kinds of models that the page trains, as text. */
export const architectures: Readonly<Partial<Record<Architecture, string>>> = {
  gpt2: "GPT-2: learned positions",
  llama: "Llama: rotated positions",
  mixtral: "Mixtral: a Llama with experts",
  "transformer-2017": "Transformer of 2017",
  gru: "GRU without attention",
  "gru-attention": "GRU with attention",
  bert: "BERT, an encoder",
  "bag-of-words": "Bag of words",
  "mean-of-word-vectors": "Mean of word vectors",
  "skip-gram": "Skip-grams",
};

/** The kinds that a task offers, as text, its default first. */
export function offeredBy(task: TaskName): Readonly<Record<string, string>> {
  const { architectures: offered = decoders } = taskOf(task);
  return Object.fromEntries(
    offered.flatMap((name) => {
      const words = architectures[name];
      return words === undefined ? [] : [[name, words]];
    }),
  );
}

/** The default kind of a task. */
export function standardArchitecture(task: TaskName): Architecture {
  const { standard, architectures: offered = decoders } = taskOf(task);
  return standard.architecture ?? offered[0] ?? "gpt2";
}

/** Kinds whose size is only a width. */
const plain: ReadonlySet<Architecture> = new Set([
  ...(["gru", "gru-attention", "bag-of-words", "mean-of-word-vectors", "skip-gram"] as const),
]);

/** True for kinds without layers and heads, whose size is only a width. */
export const isPlain = (architecture: Architecture): boolean => plain.has(architecture);

const named = new Set<Architecture>(decoders);

/** True for kinds that the page Generate opens. */
export const isDecoder = (architecture: Architecture): boolean => named.has(architecture);

/** The contents of an exported folder, and what opens it. */
export function folderWords(architecture: Architecture): string {
  if (isDecoder(architecture)) {
    return "A Hugging Face folder: config.json, tokenizer.json and weights as f32. Unpacked, Generate opens it as files of yours.";
  }
  if (architecture === "transformer-2017") {
    return "A folder that loadEncoderDecoder of this engine opens: config.json, tokenizer.json, and weights as f32 with the names of torch.nn.Transformer.";
  }
  if (architecture === "bert") {
    return "A Hugging Face folder that loadEncoder of this engine opens: config.json, tokenizer.json and weights as f32 with BERT's names.";
  }
  return "A folder: config.json, tokenizer.json, and weights as f32 with the names of PyTorch's modules. shaderformer/words opens it, and load_state_dict takes the tensors of its module.";
}
