import { createEngine } from "shaderformer";

const part = (id: string) => document.getElementById(id) as HTMLElement;

part("start").addEventListener("click", async () => {
  try {
    const engine = await createEngine();
    const { id } = await engine.load("./model", {
      onProgress: ({ phase, done, total }) => {
        part("status").textContent = `${phase}: ${done} of ${total}`;
      },
    });
    const stream = await engine.completions.create({
      model: id,
      prompt: "<|whale|>The sea",
      max_tokens: 48,
      temperature: 0,
      stream: true,
    });
    for await (const { choices } of stream) part("output").textContent += choices[0]?.text ?? "";
    part("status").textContent = "Done.";
    await engine.dispose();
  } catch (error) {
    part("status").textContent = String(error);
  }
});
