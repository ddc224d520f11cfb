import { createWorkerEngine } from "shaderformer";

const part = (id: string) => document.getElementById(id) as HTMLElement;

let frames = 0;
requestAnimationFrame(function count() {
  part("frames").textContent = String(++frames);
  requestAnimationFrame(count);
});

part("start").addEventListener("click", async () => {
  const stop = new AbortController();
  part("stop").addEventListener("click", () => stop.abort());
  try {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    const engine = await createWorkerEngine(worker);
    // The worker's addresses are relative to its own script.
    await engine.load(new URL("./model", document.baseURI).href, { signal: stop.signal });
    part("status").textContent = "Generating …";
    const prompt = "<|whale|>The sea";
    for await (const { text } of engine.generate({ prompt, maxTokens: 48, temperature: 0, signal: stop.signal })) {
      part("output").textContent += text;
    }
    part("status").textContent = stop.signal.aborted ? "Stopped." : "Done.";
    await engine.dispose();
    worker.terminate();
  } catch (error) {
    part("status").textContent = String(error);
  }
});
