import { loadModel, openGpu } from "shaderformer";

const [folder = "../models/voices-dense", prompt = "<|whale|>The sea"] = process.argv.slice(2);
const gpu = await openGpu();
const model = await loadModel(gpu, folder);
for await (const { text } of model.generate(prompt, { maxTokens: 48, temperature: 0 })) process.stdout.write(text);
process.stdout.write("\n");
gpu.close();
