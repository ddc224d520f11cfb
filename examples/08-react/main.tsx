import { StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import { useModel } from "./use-model.ts";

function Continue() {
  const [prompt, setPrompt] = useState("<|whale|>The sea");
  const { state, text, problem, generate, stop } = useModel("./model");
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        generate(prompt);
      }}
    >
      <label>
        Prompt <input value={prompt} onChange={(event) => setPrompt(event.target.value)} />
      </label>
      {state === "generating" ? (
        <button type="button" onClick={stop}>
          Stop
        </button>
      ) : (
        <button type="submit" disabled={state !== "ready"}>
          Continue
        </button>
      )}
      <p id="status" role="status">
        {problem ?? state}
      </p>
      <output id="output">{text}</output>
    </form>
  );
}

createRoot(document.getElementById("root") as HTMLElement).render(
  <StrictMode>
    <Continue />
  </StrictMode>,
);
