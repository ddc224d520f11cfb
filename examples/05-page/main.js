import { loadModel, openGpu } from "shaderformer";

const form = document.querySelector("form");
const button = document.querySelector("button");
const status = document.querySelector("#status");
const output = document.querySelector("#output");

try {
  const gpu = await openGpu();
  const model = await loadModel(gpu, "./model", {
    onProgress: ({ done, total }) => {
      status.textContent = `Loading the model: ${Math.floor((100 * done) / total)} %`;
    },
  });
  status.textContent = "Ready.";
  button.disabled = false;

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    output.textContent = "";
    try {
      const prompt = new FormData(form).get("prompt");
      for await (const { text } of model.generate(prompt, { maxTokens: 48, temperature: 0 })) {
        output.textContent += text;
      }
      status.textContent = "Done.";
    } catch (error) {
      status.textContent = error.message;
    }
    button.disabled = false;
  });
} catch (error) {
  status.textContent = error.message; // no WebGPU, for example, or no such folder
}
